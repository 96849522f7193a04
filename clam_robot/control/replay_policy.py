"""A policy that repeats recorded actions, at the recorded speed or slower."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32

from clam_robot import config
from clam_robot.errors import ConfigError, NoLabels, PoseMismatch
from clam_robot.specs import RobotSpec
from clam_robot.types import ActionChunk, Observation

# How specs name entries that are changes (dx, dwaist) or velocities (vx); the rest are places to be at.
_RATES = ("d", "v")


@dataclass(frozen=True, kw_only=True)
class ReplayConfig(config.Strict):
    """How actions are repeated.

    Attributes:
        speed: of the recorded one, (0, 1]. Below 1 each change is spread over more periods, so that the sum stays.
        joint_tolerance: furthest a joint may be from the recorded start [rad].
        hand_tolerance: furthest the hand may be from the recorded start [m].
    """

    speed: float = 0.5
    joint_tolerance: float = 0.1
    hand_tolerance: float = 0.03

    def __post_init__(self) -> None:
        if not 0 < self.speed <= 1:
            raise ConfigError(f"speed: expected more than 0 and at most 1, found {self.speed}")


class ReplayPolicy:
    """Repeats the actions of one episode, one row per control period at full speed.

    Rows without an action change nothing: increments are zero there, other entries keep their value.

    Args:
        spec: of the robot the actions were recorded on.
        actions: (T, A); NaN where nothing was sent.
        start: (S,) the state they were recorded from.
        config: how.

    Attributes:
        num_periods: control periods that the replay takes.

    Raises:
        NoLabels: there is no action.
        ConfigError: slower than recorded, but an entry is neither an increment nor a velocity nor the gripper.
    """

    def __init__(
        self,
        spec: RobotSpec,
        actions: Float32[np.ndarray, "T A"],
        start: Float32[np.ndarray, "S"],
        config: ReplayConfig | None = None,
    ) -> None:
        self._spec = spec
        self._config = config or ReplayConfig()
        is_sent = np.isfinite(actions).all(axis=1)
        if not is_sent.any():
            raise NoLabels("expected an episode with actions to repeat, found none; take one with labels")
        self._is_rate = _rates(spec)
        others = [name for name, is_rate in zip(spec.action.names, self._is_rate, strict=True) if not is_rate]
        gripper = None if spec.gripper is None else spec.gripper.action
        if self._config.speed < 1 and not set(others) <= {gripper}:
            raise ConfigError(
                f"--speed: expected 1, as the actions {', '.join(others)} are neither increments nor velocities, "
                f"found {self._config.speed}"
            )
        self._actions = _filled(actions[: int(np.flatnonzero(is_sent)[-1]) + 1], self._is_rate)
        # Where each increment has come to at the beginning of each row, and at the end.
        self._travelled = np.concatenate([np.zeros((1, len(spec.action))), np.cumsum(self._actions, axis=0)])
        self._start = start
        self.num_periods = math.ceil(round(len(self._actions) / self._config.speed, 9))
        self._period = 0

    @property
    def spec(self) -> RobotSpec:
        """The robot it was recorded on."""
        return self._spec

    def reset(self) -> None:
        """Begin anew."""
        self._period = 0

    def infer(self, observation: Observation) -> ActionChunk:
        """The next action.

        Raises:
            PoseMismatch: at the beginning: the robot stands elsewhere than the recorded one did; names the entries.
        """
        if self._period == 0:
            self._require_start(observation.state)
        before, after = (self._place(self._period + k) for k in (0, 1))
        row = min(int(before + 1e-9), len(self._actions) - 1)
        moved = self._at(after) - self._at(before)
        action = np.where(self._is_rate, moved, self._actions[row]).astype(np.float32)
        self._period += 1
        return ActionChunk(actions=action[None], observation_time=observation.time, dt=1 / self._spec.control_hz)

    def _place(self, period: int) -> float:
        """How many recorded rows are over when a period begins."""
        return min(period * self._config.speed, float(len(self._actions)))

    def _at(self, place: float) -> np.ndarray:
        row = min(int(place), len(self._actions) - 1)
        return self._travelled[row] + (place - row) * self._actions[row]

    def _require_start(self, state: np.ndarray) -> None:
        limits = start_tolerances(self._spec, self._config)
        far = [
            f"{name} {abs(float(state[i] - self._start[i])):.3f} {self._spec.state.units[i]}"
            for i, name in enumerate(self._spec.state.names)
            if abs(state[i] - self._start[i]) > limits[i]
        ]
        if far:
            raise PoseMismatch(
                f"expected the robot where the recording began, found it away from there: {', '.join(far)}; "
                "bring it there, or choose the recording's own scene with --seed"
            )


def start_tolerances(spec: RobotSpec, config: ReplayConfig) -> np.ndarray:
    """(S,) how far each entry may be from the start: joints and the hand; what lies about is free."""
    found = np.full(len(spec.state), np.inf)
    for i, (name, unit) in enumerate(zip(spec.state.names, spec.state.units, strict=True)):
        if unit == "rad":
            found[i] = config.joint_tolerance
        elif name.rpartition("_")[0] == "hand" and unit == "m":
            found[i] = config.hand_tolerance
    return found


def _rates(spec: RobotSpec) -> Bool[np.ndarray, "A"]:
    gripper = None if spec.gripper is None else spec.gripper.action
    return np.array([name.startswith(_RATES) and name != gripper for name in spec.action.names])


def _filled(actions: np.ndarray, is_rate: np.ndarray) -> np.ndarray:
    """Float64 rows without gaps."""
    is_sent = np.asarray(np.isfinite(actions).all(axis=1))
    newest = np.maximum.accumulate(np.where(is_sent, np.arange(len(actions)), int(np.argmax(is_sent))))
    kept = actions[newest].astype(np.float64)
    kept[np.ix_(~is_sent, is_rate)] = 0.0
    return kept
