"""The gripper: an opening from 0 to 1 reached by PWM, without burning the motor on what it holds."""

import math
from dataclasses import dataclass

from clam_robot import config
from clam_robot.hardware.wx250s import FINGER_CLOSED, FINGER_OPEN


@dataclass(frozen=True, kw_only=True)
class GripperConfig(config.Strict):
    """How the fingers are driven.

    Attributes:
        gain: effort per metre to go [1/m].
        effort: largest effort, as a share of full PWM.
        holding: effort that is left once the fingers stand still on something.
        tolerance: fingers this near to their target are there [m].
        still: fingers slower than this stand still [m/s].
        patience: time they may push without moving before effort falls to `holding` [s].
    """

    gain: float = 100.0
    effort: float = 0.4
    holding: float = 0.2
    tolerance: float = 0.0007
    still: float = 0.002
    patience: float = 0.4


def opening(finger: float) -> float:
    """0 closed .. 1 open, for a finger's distance from the middle [m]; not clipped."""
    return (finger - FINGER_CLOSED) / (FINGER_OPEN - FINGER_CLOSED)


def finger(opening: float) -> float:
    """Inverse of `opening` [m]."""
    return FINGER_CLOSED + opening * (FINGER_OPEN - FINGER_CLOSED)


class Gripper:
    """Turns a wanted opening into the effort of each servo period."""

    def __init__(self, config: GripperConfig) -> None:
        self._config = config
        self.reset(1.0)

    def reset(self, opening: float) -> None:
        """Want `opening` [0..1] from now on, as if it had always been wanted."""
        self.target = opening
        self._last: float | None = None
        self._stalled = 0.0

    @property
    def is_stalled(self) -> bool:
        """Whether the fingers stand on something."""
        return self._stalled >= self._config.patience

    def move_to(self, opening: float) -> None:
        """Want another opening [0..1]."""
        if opening != self.target:
            self._stalled = 0.0
        self.target = opening

    def stop_opening(self, finger_now: float) -> None:
        """Want no more room between the fingers than there is; what closes goes on closing, and what is held is held.

        Args:
            finger_now: distance of a finger from the middle [m].
        """
        self.target = min(self.target, max(0.0, opening(finger_now)))

    def ease(self) -> None:
        """Push no harder than to hold from now on, until another opening is wanted."""
        self._stalled = math.inf

    def step(self, finger_now: float, period: float) -> float:
        """Effort for the coming period [-1 closes .. 1 opens].

        Args:
            finger_now: distance of a finger from the middle [m].
            period: since the last call [s].
        """
        error = finger(self.target) - finger_now
        speed = 0.0 if self._last is None else abs(finger_now - self._last) / period
        self._last = finger_now
        is_pushing = abs(error) > self._config.tolerance and speed < self._config.still
        if not math.isinf(self._stalled):
            self._stalled = self._stalled + period if is_pushing else 0.0
        limit = self._config.holding if self.is_stalled else self._config.effort
        return max(-limit, min(limit, self._config.gain * error))
