"""How joints are stopped: where they are, not where they were heading."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from clam_robot import config
from clam_robot.errors import ConfigError
from clam_robot.hardware.joint_driver import JointState
from clam_robot.hardware.wx250s import NUM_JOINTS, joint_limits


@dataclass(frozen=True, kw_only=True)
class BrakeConfig(config.Strict):
    """How a stop goes.

    Attributes:
        ahead: from a set-point until the joints obey it: the profile, half a period and the age of the state [s].
        slow: a joint slower than this is caught [rad/s].
        near: a slow joint that is no further from a set-point that rests is at rest [rad].
        loose: one that was caught and is faster than this is braked again [rad/s].
        longest: after this time it is over, whatever the joints do: who pushes the arm then works against it [s].
    """

    ahead: float = 0.03
    slow: float = 0.05
    near: float = 0.008
    loose: float = 0.06
    longest: float = 0.3

    def __post_init__(self) -> None:
        for name in ("ahead", "slow", "near", "loose", "longest"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name}: expected a positive number, found {getattr(self, name)}")


class Brake:
    """Set-points of a stop.

    A servo pulls like a spring, and set-points run a tenth of a second ahead of the joints. So a joint that is to stop
    is sent to where it is now: it has to turn back, which is the hardest that its servo brakes. Just before it would
    swing back it is caught: sent to where it has come, for good.

    Args:
        config: how.
        period: between two set-points [s].

    Attributes:
        is_moved: (6,) joints that do not simply stay where they are.
    """

    def __init__(self, config: BrakeConfig, period: float) -> None:
        self._config = config
        self._num_steps = round(config.longest / period)
        self._is_caught = np.ones(NUM_JOINTS, bool)
        self.is_moved = ~self._is_caught
        self._step = self._num_steps

    @property
    def is_over(self) -> bool:
        """Whether every joint was caught and stays so."""
        return self._step >= self._num_steps

    def begin(self, state: JointState, resting: Float64[np.ndarray, "6"] | None) -> None:
        """Stop joints that are in this state.

        Args:
            state: newest.
            resting: where set-points rest, if they do: slow joints near them stay with them [rad].
        """
        self._setpoint, self.is_moved = state.position.copy(), np.ones(NUM_JOINTS, bool)
        if resting is not None:
            is_at_rest = np.abs(state.velocity) < self._config.slow
            is_at_rest &= np.abs(state.position - resting) < self._config.near
            self._setpoint, self.is_moved = np.where(is_at_rest, resting, state.position), ~is_at_rest
        self._is_caught = ~self.is_moved
        self._direction = np.sign(state.velocity)
        self._state = state
        self._step = 0

    def step(self, state: JointState) -> Float64[np.ndarray, "6"]:
        """The next set-point [rad]."""
        low, high = joint_limits()
        if not self.is_over:
            self._step += 1
            elapsed = state.time - self._state.time
            if elapsed > 0.0:
                self._look_at(state, elapsed)
        return np.clip(self._setpoint, low, high)

    def _look_at(self, state: JointState, elapsed: float) -> None:
        config, velocity = self._config, state.velocity
        coming = velocity + (velocity - self._state.velocity) / elapsed * config.ahead
        is_slow = np.abs(velocity) < config.slow
        is_met = ~self._is_caught & (is_slow | (coming * velocity <= 0.0))
        is_loose = self._is_caught & (np.abs(velocity) > config.loose)
        against = _AGAINST * np.where(velocity * self._direction > 0.0, velocity, 0.0)
        braked = np.where(is_loose, state.position - against, self._setpoint)
        self._setpoint = np.where(is_met, state.position + 0.5 * config.ahead * velocity, braked)
        self._is_caught = (self._is_caught | is_met) & ~is_loose
        if (self._is_caught & is_slow).all():
            self._setpoint = np.where(self.is_moved, state.position + 0.5 * config.ahead * velocity, self._setpoint)
            self._step = self._num_steps
        self._state = state


# A joint that was caught too early goes on: its spring pulls no more. It is sent back by so much of its speed [s].
_AGAINST = 0.06
