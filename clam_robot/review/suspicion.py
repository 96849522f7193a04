"""Tells which episodes a person should look at before they are learned from, and why."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from clam_robot import config
from clam_robot.review.episode_facts import EpisodeFacts
from clam_robot.specs import RobotSpec


@dataclass(frozen=True, kw_only=True)
class SuspicionConfig(config.Strict):
    """What is out of the ordinary.

    Attributes:
        short: share of the median length below which an episode is short.
        long: multiple of the median length above which it is long.
        rate: share of the robot's rate below which the recording was slow.
        stall: longest time without a new picture [s].
        skew: largest distance of a picture's capture from its row [s].
        motion: share of the data set's own range that some entry of the state must cross.
        outlier: how many times as far from the median as the outer hundredth of all actions an action may be.
        dark: mean brightness [0 .. 255] below which pictures show nothing.
        bright: mean brightness above which they show nothing.
        limited: share of periods that the safety limiter may change.
        held: share of periods that may pass without a fresh action.
    """

    short: float = 0.3
    long: float = 3.0
    rate: float = 0.9
    stall: float = 0.5
    skew: float = 0.3
    motion: float = 0.05
    outlier: float = 4.0
    dark: float = 20.0
    bright: float = 245.0
    limited: float = 0.2
    held: float = 0.2


class Suspicion:
    """Compares each episode with all of them.

    Args:
        spec: of the robot.
        episodes: all of the data set.
        thresholds: what is out of the ordinary.
    """

    def __init__(
        self, spec: RobotSpec, episodes: Sequence[EpisodeFacts], thresholds: SuspicionConfig | None = None
    ) -> None:
        self._spec = spec
        self._limits = thresholds or SuspicionConfig()
        self._median_length = float(np.median([facts.length for facts in episodes])) if episodes else 0.0
        lows = np.array([facts.state_low for facts in episodes]).reshape(-1, len(spec.state))
        highs = np.array([facts.state_high for facts in episodes]).reshape(-1, len(spec.state))
        self._range = highs.max(axis=0) - lows.min(axis=0) if episodes else np.zeros(len(spec.state))
        actions = np.concatenate([np.empty((0, len(spec.action))), *(facts.actions for facts in episodes)])
        self._has_actions = len(actions) > 0
        if self._has_actions:
            low, self._median, high = np.quantile(actions, [0.01, 0.5, 0.99], axis=0)
            self._below = self._median - self._limits.outlier * (self._median - low)
            self._above = self._median + self._limits.outlier * (high - self._median)
        moving = [self._moves_gripper(facts) for facts in episodes]
        self._gripper_is_used = sum(moving) > len(moving) / 2

    def reasons(self, facts: EpisodeFacts) -> tuple[str, ...]:
        """Why to look at this episode; none for an ordinary one."""
        return (*self._of_recording(facts), *self._of_cameras(facts), *self._of_motion(facts))

    def _of_recording(self, facts: EpisodeFacts) -> Iterator[str]:
        limits = self._limits
        if facts.length < limits.short * self._median_length:
            yield f"short: {facts.length} steps, the median is {self._median_length:g}"
        if facts.length > limits.long * self._median_length:
            yield f"long: {facts.length} steps, the median is {self._median_length:g}"
        if facts.hz is not None and facts.hz < limits.rate * self._spec.control_hz:
            yield f"slow: {facts.hz:.1f} Hz of {self._spec.control_hz:g} Hz"
        if facts.num_dropped:
            yield f"{facts.num_dropped} steps lost in recording"
        for what, count, share in (
            ("changed by the safety limiter", facts.num_limited, limits.limited),
            ("without a fresh action", facts.num_held, limits.held),
        ):
            if count > share * facts.length:
                yield f"{100 * count / facts.length:.0f} % of steps {what}"

    def _of_cameras(self, facts: EpisodeFacts) -> Iterator[str]:
        for name, camera in facts.cameras.items():
            if camera.is_frozen:
                yield f"camera {name} is frozen"
            elif camera.longest_stall > self._limits.stall:
                yield f"camera {name} sent nothing new for {camera.longest_stall:.1f} s"
            if camera.brightness < self._limits.dark:
                yield f"camera {name} is dark: brightness {camera.brightness:.0f} of 255"
            if camera.brightness > self._limits.bright:
                yield f"camera {name} is overexposed: brightness {camera.brightness:.0f} of 255"
            if camera.max_skew is not None and camera.max_skew > self._limits.skew:
                yield f"camera {name}: pictures up to {camera.max_skew:.2f} s away from their step"

    def _of_motion(self, facts: EpisodeFacts) -> Iterator[str]:
        moved = facts.state_high - facts.state_low
        crossed = moved[self._range > 0] / self._range[self._range > 0]
        if facts.length > 1 and (not len(crossed) or crossed.max() < self._limits.motion):
            yield "nothing moves"
        if self._gripper_is_used and facts.num_labeled and not self._moves_gripper(facts):
            yield "the gripper never moves"
        if not len(facts.actions):
            return
        outside = (facts.actions < self._below) | (facts.actions > self._above)
        if outside.any():
            entry = int(np.argmax(outside.any(axis=0)))
            row = int(np.argmax(outside[:, entry]))
            yield (
                f"action {self._spec.action.names[entry]} jumps to {facts.actions[row, entry]:.3g} "
                f"{self._spec.action.units[entry]}, {outside.any(axis=1).sum()} such steps"
            )

    def _moves_gripper(self, facts: EpisodeFacts) -> bool:
        gripper = self._spec.gripper
        if gripper is None or not len(facts.actions):
            return False
        command = facts.actions[:, self._spec.action.index(gripper.action)]
        is_above = command > gripper.threshold
        return bool(is_above.any() and not is_above.all())
