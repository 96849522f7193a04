"""What gravity and friction leave between set-point and joint, made up for."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64

from clam_robot import config
from clam_robot.hardware.wx250s import NUM_JOINTS


@dataclass(frozen=True, kw_only=True)
class SagConfig(config.Strict):
    """How set-points are corrected.

    The servos hold by proportional gain alone: stretched out, the hand hangs a centimetre below where it was sent.

    Attributes:
        stiffness: of the joints' servos [Nm/rad]: at the gain they are delivered with, 800, a servo that is one count
            off its goal puts 800/128 of 885 on its motor; two servos share shoulder and elbow.
        rate: share of what gravity does not explain that is made up for per second [1/s].
        largest: correction of a joint beyond gravity's [rad]; bounds how hard a hand that is in contact presses on.
        along: the same along gravity [rad]: who holds the hand up may let it drop by that much.
        lag: by which joints follow moving set-points [s]; they are compared with those of that long ago.
        slow: joints that move faster learn less, as their lag is not known that well [rad/s].
    """

    stiffness: tuple[float, ...] = (18.9, 37.8, 37.8, 18.9, 18.9, 6.9)
    rate: float = 2.5
    largest: float = 0.03
    along: float = 0.008
    lag: float = 0.1
    slow: float = 0.15


class Sag:
    """Leans against gravity, and integrates what the joints still fall short of.

    Args:
        config: how.
        period: between two set-points [s].
        gravity: torque that holds the joints still at positions [rad] [Nm].
    """

    def __init__(self, config: SagConfig, period: float, gravity: Callable[[np.ndarray], np.ndarray]) -> None:
        self._config = config
        self._gravity = gravity
        self._stiffness = np.array(config.stiffness)
        self._period = period
        self._gain = config.rate * period
        self._past: deque[np.ndarray] = deque(maxlen=1 + round(config.lag / period))
        self.reset()

    def reset(self) -> None:
        """Forget what was learned."""
        self.forget_past()
        self.correction = np.zeros(NUM_JOINTS)
        self._settled = np.zeros(NUM_JOINTS)

    def forget_past(self) -> None:
        """Set-points begin anew: joints are compared with none of those before."""
        self._past.clear()

    def settle(self, is_moved: Bool[np.ndarray, "6"]) -> None:
        """Correct joints that are stopped on the move by what they carry alone: what they learned at rest.

        What was learned in motion may be lag, and would push on; so would the friction of joints that carry nothing.
        """
        self.correction = np.where(is_moved, _CARRIES * self._settled, self.correction)

    def learn(
        self,
        setpoint: Float64[np.ndarray, "6"],
        measured: Float64[np.ndarray, "6"],
        velocity: Float64[np.ndarray, "6"],
    ) -> None:
        """Compare where the joints are [rad] and how fast [rad/s] with the set-point that they follow [rad]."""
        self._past.append(setpoint)
        if len(self._past) == self._past.maxlen:
            path = np.abs(np.diff(self._past, axis=0)).max(axis=0) / self._period  # to and fro is fast too
            speed = np.maximum(path, np.abs(velocity))
            gain = self._gain / (1.0 + (speed / self._config.slow) ** 2)
            learned = self.correction + gain * (self._past[0] - measured)
            self.correction = np.clip(learned, *self._bounds(setpoint))
            if not path.any():
                self._settled = self._settled + self._period / _SETTLING * (self.correction - self._settled)

    def _bounds(self, setpoint: Float64[np.ndarray, "6"]) -> tuple[Float64[np.ndarray, "6"], Float64[np.ndarray, "6"]]:
        """Of what is learned [rad]: less along gravity than against it."""
        torque, config = self._gravity(setpoint), self._config
        low = np.where(torque > _WEIGHTLESS, config.along, config.largest)
        high = np.where(torque < -_WEIGHTLESS, config.along, config.largest)
        return -low, high

    def correct(self, setpoint: Float64[np.ndarray, "6"]) -> Float64[np.ndarray, "6"]:
        """What to send for a set-point [rad]."""
        return setpoint + self._gravity(setpoint) / self._stiffness + self.correction


_SETTLING = 0.5  # time at rest in which what was learned is believed [s]
_WEIGHTLESS = 0.1  # a joint that carries less may be pulled either way [Nm]
# Joints that gravity pulls at.
_CARRIES = np.array([0.0, 1.0, 1.0, 0.0, 1.0, 0.0])
