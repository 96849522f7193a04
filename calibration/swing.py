"""A gentle motion of one joint that no shift in time maps onto itself."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from clam_robot import config
from clam_robot.errors import ConfigError
from clam_robot.hardware.wx250s import JOINT_NAMES

# Slow ones move far, fast ones tell the time; none is a simple multiple of another.
_HERTZ = (0.37, 0.61, 0.97, 1.43)
_SHARES = (0.34, 0.30, 0.22, 0.14)
_PHASES = (0.0, 2.1, 4.0, 1.0)
_RAMP = 1.0  # in and out [s]


@dataclass(frozen=True, kw_only=True)
class SwingConfig(config.Strict):
    """How a joint swings.

    Attributes:
        joint: which.
        amplitude: furthest to either side [rad].
        seconds: how long [s].
    """

    joint: str = "waist"
    amplitude: float = 0.08
    seconds: float = 15.0

    def __post_init__(self) -> None:
        if self.joint not in JOINT_NAMES:
            raise ConfigError(f"joint: expected one of {', '.join(JOINT_NAMES)}, found {self.joint!r}")
        if not 0.01 <= self.amplitude <= 0.2:
            raise ConfigError(f"amplitude: expected 0.01 to 0.2 rad, found {self.amplitude:g}")
        if not 6.0 <= self.seconds <= 120.0:
            raise ConfigError(f"seconds: expected 6 to 120, found {self.seconds:g}")


def swing_at(setup: SwingConfig, time: Float64[np.ndarray, "n"]) -> Float64[np.ndarray, "n"]:
    """How far the joint is from its start [rad] so long after it [s]; it begins and ends at rest there."""
    phases = 2.0 * np.pi * np.multiply.outer(time, _HERTZ) + _PHASES
    wave = (np.sin(phases) * _SHARES).sum(axis=-1)
    left = np.minimum(time, setup.seconds - time) / _RAMP
    ramp = np.clip(left, 0.0, 1.0)
    return setup.amplitude * wave * ramp**2 * (3.0 - 2.0 * ramp)
