"""A person as a policy: whatever runs a model runs a person."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from clam_robot.errors import ConfigError
from clam_robot.hardware.stop_latch import StopLatch
from clam_robot.specs import RobotSpec
from clam_robot.types import ActionChunk, EpisodeOutcome, EpisodeStart, Observation, Step
from teleop.action_layout import ActionLayout, resting_action
from teleop.device import Event, Motion, TeleopDevice, opening_after
from teleop.follower import Follower
from teleop.mapping import MappingConfig, hand_velocity


@dataclass(frozen=True, kw_only=True)
class TeleopStatus:
    """What the person should see of the own doing.

    Attributes:
        is_moving: whether the person's motion reaches the robot.
        speed: share of the set speed.
        opening: of the gripper, as commanded, 0 closed .. 1 open.
        note: why it does not reach it, or what else to know; "" for nothing.
    """

    is_moving: bool
    speed: float
    opening: float
    note: str


class TeleopPolicy:
    """A `Policy` over a device, and a `Subscriber` that hears what became of its actions.

    Without a motion of the person it answers with rest and keeps the gripper: while the clutch is open, while the
    device is silent or unplugged, and, at the beginning and after a silence, until the device was seen at rest once; a
    leader arm must match the follower instead. One action is due for one control period, so that none is ever repeated.

    Args:
        device: open.
        spec: of the robot; its actions move a hand.
        mapping: how a motion becomes a velocity.
        follower: for a leader arm; None for other devices.
        latch: what the person's stop sets, and what refuses actions while it is set; None without.
        on_event: told what the person says beside moving.

    Raises:
        ConfigError: the robot's actions do not move a hand.
    """

    def __init__(
        self,
        device: TeleopDevice,
        spec: RobotSpec,
        mapping: MappingConfig | None = None,
        *,
        follower: Follower | None = None,
        latch: StopLatch | None = None,
        on_event: Callable[[Event], object] = lambda event: None,
    ) -> None:
        self._device, self._spec, self._mapping = device, spec, mapping or MappingConfig()
        self._layout = ActionLayout.of(spec) if follower is None else None
        self._follower, self._latch, self._on_event = follower, latch, on_event
        self._begin()

    @property
    def spec(self) -> RobotSpec:
        """The robot it acts for."""
        return self._spec

    @property
    def status(self) -> TeleopStatus:
        """As of the last action."""
        return self._status

    def reset(self) -> None:
        """A new episode: fingers open, what the person did before is forgotten, except a stop."""
        self._begin()
        motion = self._device.read()
        self._hear([event for event in motion.events if event is Event.STOP])
        self._is_ready = self._follower is None and motion.is_alive and self._is_let_go_of(motion)

    def infer(self, observation: Observation) -> ActionChunk:
        """One action, due for one control period.

        Raises:
            ArmStopped: the stop is latched.
            PoseMismatch: leader and follower stand too differently to begin; names the joints.
            ConfigError: a leader arm without a follower.
        """
        motion = self._device.read()
        self._hear(motion.events)
        if self._latch is not None:
            self._latch.require_clear()
        if self._opening is None:
            self._opening = _opening(observation, self._spec)
        note = self._make_ready(motion, observation)
        is_moving = self._is_ready and motion.is_alive and motion.clutch
        if is_moving:
            self._opening = opening_after(self._opening, motion.gripper)
        self._status = TeleopStatus(is_moving=is_moving, speed=motion.speed, opening=self._opening, note=note)
        if self._follower is None:
            action = self._steer(motion if is_moving else Motion(), self._opening)
        else:
            action = self._lead(motion if is_moving else Motion(), self._opening, observation, self._follower)
        return ActionChunk(
            actions=action[np.newaxis], observation_time=observation.time, dt=1.0 / self._spec.control_hz
        )

    def on_episode_start(self, start: EpisodeStart) -> None:
        """Nothing to do."""

    def on_step(self, step: Step) -> None:
        """Keep where the follower was sent."""
        if self._follower is not None and step.sent is not None:
            self._follower.sent(step.sent)

    def on_episode_end(self, outcome: EpisodeOutcome) -> None:
        """Nothing to do."""

    def _begin(self) -> None:
        self._is_ready = self._was_ready = False
        self._opening: float | None = None
        self._status = TeleopStatus(is_moving=False, speed=1.0, opening=1.0, note="")
        if self._follower is not None:
            self._follower.reset()

    def _hear(self, events: Sequence[Event]) -> None:
        for event in events:
            if event is Event.STOP and self._latch is not None:
                self._latch.stop(detail="asked for by who drives it")
            self._on_event(event)

    def _make_ready(self, motion: Motion, observation: Observation) -> str:
        """Whether the person's motion may reach the robot from now on; returns what the person should know."""
        if not motion.is_alive:
            self._is_ready = False
        elif self._is_ready:
            self._is_ready = self._follower is None or motion.clutch  # a leader let go of must match anew
        elif self._follower is None:
            self._is_ready = self._is_let_go_of(motion)
            return motion.note or ("" if self._is_ready else "let go of the device once, then move")
        elif motion.joints is not None and motion.clutch:
            mismatch = self._follower.mismatch(np.array(motion.joints), observation)
            if mismatch is not None and not self._was_ready:
                raise mismatch
            self._is_ready = mismatch is None
            self._was_ready = True
            return motion.note if mismatch is None else f"bring back the leader's {', '.join(mismatch.joints)}"
        return motion.note

    def _is_let_go_of(self, motion: Motion) -> bool:
        return not motion.clutch or bool(np.abs(np.array(motion.twist)).max() <= self._mapping.deadband)

    def _steer(self, motion: Motion, opening: float) -> Float32[np.ndarray, "A"]:
        if motion.joints is not None:
            raise ConfigError("a leader arm needs a follower to say what its joints mean; give TeleopPolicy one")
        assert self._layout is not None
        forwards = self._layout.forwards
        velocity = hand_velocity(np.array(motion.twist), self._mapping, speed=motion.speed, forwards=forwards)
        return self._layout.action(velocity, opening)

    def _lead(
        self, motion: Motion, opening: float, observation: Observation, follower: Follower
    ) -> Float32[np.ndarray, "A"]:
        if motion.joints is not None:
            return follower.step(np.array(motion.joints), opening, observation)
        follower.reset()
        return resting_action(self._spec, opening)


def _opening(observation: Observation, spec: RobotSpec) -> float:
    """Where the fingers are, as a command: fully open or closed for a binary gripper."""
    if spec.gripper is None or _OPENING not in spec.state.names:
        return 1.0
    opening = float(np.clip(observation.state[spec.state.index(_OPENING)], 0.0, 1.0))
    return opening if spec.gripper.mode == "continuous" else float(opening > 0.5)


# The state entry, where a robot has it: 0 closed .. 1 open.
_OPENING = "gripper_opening"
