"""Guides a person towards play that grounds an action decoder.

A decoder learns what the gripper and the hand do from labelled play, and fails where demonstrations do what play never
showed: above all holding something, and opening and closing in quick succession. Play with the hand full in less than a
tenth of its steps did not suffice; from fifteen hundredths on it did.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from clam_robot import config
from clam_robot.errors import ConfigError
from clam_robot.specs import RobotSpec
from teleop.play_counts import NUM_SPEEDS, PlayCounts
from teleop.play_events import PlayEvents, PlaySenses
from teleop.play_prompts import Prompter
from teleop.play_workspace import PlayBox
from teleop.session_state import Coverage


@dataclass(frozen=True, kw_only=True)
class PlayTargets(config.Strict):
    """What play is to show, over all its episodes; 0 asks for none of it.

    Attributes:
        held: share of the steps with something in the gripper.
        transitions: changes of side of the gripper in 100 steps.
        grasps: times something is taken.
        carries: times it is carried somewhere else.
        releases: times it is let go.
        regrasps: times the gripper closes again soon after it opened.
        pushes: times something is pushed.
        workspace: share of the box's cells visited.
        speeds: share of the three directions' five speeds that are seen in a hundredth of the steps at least.
        turning: share of the steps in which the hand turns, where it can.
        low: smallest x, y, z of the part of the workspace to be filled, in the base frame [m]; with `high` left away,
            what the things of the scene span.
        high: largest [m].
        senses: from when on something counts.
    """

    held: float = 0.15
    transitions: float = 3.0
    grasps: int = 15
    carries: int = 15
    releases: int = 8
    regrasps: int = 8
    pushes: int = 5
    workspace: float = 0.7
    speeds: float = 0.9
    turning: float = 0.05
    low: tuple[float, float, float] | None = None
    high: tuple[float, float, float] | None = None
    senses: PlaySenses = field(default_factory=PlaySenses)

    def __post_init__(self) -> None:
        for name in ("held", "workspace", "speeds", "turning"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ConfigError(f"{name}: expected a share from 0 to 1, found {getattr(self, name)}")
        for name in ("transitions", "grasps", "carries", "releases", "regrasps", "pushes"):
            if not 0.0 <= getattr(self, name) < np.inf:
                raise ConfigError(f"{name}: expected 0 or more, found {getattr(self, name)}")
        if (self.low is None) != (self.high is None):
            raise ConfigError(f"low and high: expected both or neither, found {self.low} and {self.high}")

    @property
    def box(self) -> PlayBox | None:
        """The part of the workspace to be filled, where it was given."""
        return None if self.low is None or self.high is None else PlayBox(low=self.low, high=self.high)


class PlayGuide:
    """Told every step; says what play has shown and what it lacks. Nothing here knows of devices or disks.

    Args:
        spec: of the robot.
        targets: what play is to show.
        box: to be filled, where the targets have none; by default what the things of the first state span.
        heading: which way the person looks, as a turn about z from the base's x [rad].
        full_speed: (A,) what the person's full speed is in action units; by default the largest actions.
    """

    def __init__(
        self,
        spec: RobotSpec,
        targets: PlayTargets | None = None,
        *,
        box: PlayBox | None = None,
        heading: float = 0.0,
        full_speed: Float[np.ndarray, "A"] | None = None,
    ) -> None:
        self._spec, self._targets, self._heading = spec, targets or PlayTargets(), heading
        bound = spec.action.high_array.astype(np.float64) if full_speed is None else full_speed
        self._full_speed = np.where(np.isfinite(bound) & (bound > 0), bound, 1.0)
        self._box = self._targets.box or box
        self._events: PlayEvents | None = None
        self._kept = PlayCounts()
        self._prompter = Prompter(spec.control_hz)

    def add(self, state: Float[np.ndarray, "S"], action: Float[np.ndarray, "A"] | None) -> None:
        """One control period; one without an action counts for nothing."""
        if action is None or not np.isfinite(action).all():
            return
        if self._events is None:
            self._box = self._box or PlayBox.around([state[where] for where in self._places()] or [np.zeros(3)])
            self._events = PlayEvents(
                self._spec, self._box, self._targets.senses, heading=self._heading, full_speed=self._full_speed
            )
        self._events.add(state, action)
        self._prompter.update(self.coverage, is_holding=self._events.is_holding)

    def add_episode(self, states: Float[np.ndarray, "T S"], actions: Float[np.ndarray, "T A"]) -> None:
        """An episode that was kept earlier."""
        self.forget()
        for state, action in zip(states, actions, strict=True):
            self.add(state, action)
        self.keep()

    def keep(self) -> None:
        """The episode counts for good."""
        if self._events is not None:
            self._kept = self._kept.plus(self._events.counts)
        self.forget()

    def forget(self) -> None:
        """The episode never was."""
        if self._events is not None:
            self._events.begin()

    @property
    def counts(self) -> PlayCounts:
        """Of the episodes kept, and of the one under way."""
        return self._kept if self._events is None else self._kept.plus(self._events.counts)

    @property
    def prompt(self) -> str:
        """What the person should do now."""
        return self._prompter.prompt

    def coverage(self) -> tuple[Coverage, ...]:
        """What play has shown so far, against what is wanted."""
        counts, targets = self.counts, self._targets
        steps = max(counts.num_steps, 1)
        found: list[Coverage] = []
        if self._spec.gripper is not None:
            found += [
                _share("holding something", counts.num_held / steps, targets.held, "grasp and carry"),
                Coverage(
                    name="gripper transitions",
                    value=100.0 * counts.num_transitions / steps,
                    target=targets.transitions,
                    unit="/100",
                    missing="open and close more often",
                ),
                _count("grasps", counts.num_grasps, targets.grasps, "grasp something"),
                _count("carries", counts.num_carries, targets.carries, "carry it somewhere else"),
                _count("releases", counts.num_releases, targets.releases, "let go of it"),
                _count("re-grasps", counts.num_regrasps, targets.regrasps, "open, and close again at once"),
            ]
        if self._spec.state.points.get("hand") is not None:
            box = self._box or PlayBox()
            visited = len(counts.cells) / box.num_cells
            found += [
                _count("pushes", counts.num_pushes, targets.pushes, "push something without holding it"),
                _share("workspace", visited, targets.workspace, box.emptiest(counts.cells, self._heading)),
            ]
        if "dx" in self._spec.action.names:
            seen = counts.speeds >= np.maximum(1, steps / 100)
            found.append(_share("speeds", float(seen.mean()), targets.speeds, _missing_speed(counts.speeds / steps)))
        if "droll" in self._spec.action.names:
            found.append(_share("turning", counts.num_turning / steps, targets.turning, "turn the hand"))
        return tuple(_without_want(each) for each in found if each.target > 0)

    def _places(self) -> Sequence[slice]:
        points = self._spec.state.points
        return [points[name] for name in ("hand", "object", "goal") if name in points]


def _share(name: str, share: float, target: float, missing: str) -> Coverage:
    return Coverage(name=name, value=100.0 * share, target=100.0 * target, unit="%", missing=missing)


def _count(name: str, count: int, target: int, missing: str) -> Coverage:
    return Coverage(name=name, value=float(count), target=float(target), unit="times", missing=missing)


def _without_want(coverage: Coverage) -> Coverage:
    """What is reached lacks nothing."""
    if coverage.value < coverage.target:
        return coverage
    return Coverage(name=coverage.name, value=coverage.value, target=coverage.target, unit=coverage.unit)


def _missing_speed(shares: np.ndarray) -> str:
    """The direction and speed seen least, rest aside."""
    moving = shares.copy()
    moving[:, NUM_SPEEDS // 2] = np.inf
    axis, speed = np.unravel_index(int(np.argmin(moving)), moving.shape)
    way = _WAYS[int(axis)][int(speed) > NUM_SPEEDS // 2]
    return f"{'fast' if speed in {0, NUM_SPEEDS - 1} else 'slowly'} {way}"


_WAYS = (("backwards", "forwards"), ("to the right", "to the left"), ("down", "up"))
