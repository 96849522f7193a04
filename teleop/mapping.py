"""From what a person does to the velocity of the hand. Pure functions, no device and no robot.

twist [-1..1] -> deadband -> response curve -> no faster than full speed -> seen from -> speed
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float64

from clam_robot import config
from clam_robot.errors import ConfigError

View = Literal["behind", "front", "left", "right"]
# Which way the person looks, as a turn about the robot's vertical axis from looking along its forwards [rad].
HEADINGS: dict[View, float] = {"behind": 0.0, "front": math.pi, "left": -math.pi / 2, "right": math.pi / 2}


@dataclass(frozen=True, kw_only=True)
class MappingConfig(config.Strict):
    """How what a person does becomes a velocity.

    Attributes:
        view: where the person stands: behind the robot, in front of it facing it, or at its left or right side.
        translation_speed: of the hand at full deflection [m/s].
        rotation_speed: of the hand at full deflection [rad/s].
        deadband: deflections up to this count as none.
        exponent: of the response curve; 1 is straight, more is finer near the middle.
    """

    view: View = "behind"
    translation_speed: float = 0.15
    rotation_speed: float = 0.8
    deadband: float = 0.08
    exponent: float = 1.5

    def __post_init__(self) -> None:
        for name in ("translation_speed", "rotation_speed"):
            value = getattr(self, name)
            if not 0.0 < value < math.inf:
                raise ConfigError(f"{name}: expected a positive speed, found {value}")
        if not 0.0 <= self.deadband < 1.0:
            raise ConfigError(f"deadband: expected 0 or more and less than 1, found {self.deadband}")
        if not 1.0 <= self.exponent <= 4.0:
            raise ConfigError(f"exponent: expected 1 to 4, found {self.exponent}")


def respond(deflection: Float64[np.ndarray, "n"], *, deadband: float, exponent: float) -> Float64[np.ndarray, "n"]:
    """Share of full speed of each axis: nothing up to the deadband, from there on without a jump to 1 at the end.

    Args:
        deflection: of each axis; beyond -1 .. 1 counts as the end.
        deadband: 0 .. less than 1.
        exponent: of the curve.
    """
    size = np.clip((np.abs(deflection) - deadband) / (1.0 - deadband), 0.0, 1.0)
    return np.copysign(size**exponent, deflection)


def at_most_one(vector: Float64[np.ndarray, "n"]) -> Float64[np.ndarray, "n"]:
    """The vector, shortened to length 1 where it is longer: two axes at once are no faster than one."""
    return vector / max(1.0, float(np.linalg.norm(vector)))


def turned(vector: Float64[np.ndarray, "3"], heading: float) -> Float64[np.ndarray, "3"]:
    """A vector turned about the vertical axis by `heading` [rad]."""
    cos, sin = math.cos(heading), math.sin(heading)
    return np.array([cos * vector[0] - sin * vector[1], sin * vector[0] + cos * vector[1], vector[2]])


def hand_velocity(
    twist: Float64[np.ndarray, "6"], mapping: MappingConfig, *, speed: float = 1.0, forwards: float = 0.0
) -> Float64[np.ndarray, "6"]:
    """Velocity of the hand in the robot's base frame.

    Args:
        twist: x y z roll pitch yaw as the person sees them, -1 .. 1.
        mapping: how.
        speed: share of the set speed, 0 .. 1.
        forwards: where the robot's forwards is in its base frame, as a turn from x about z [rad].

    Returns:
        Linear [m/s], then angular [rad/s], about axes parallel to the base's.
    """
    shaped = respond(twist, deadband=mapping.deadband, exponent=mapping.exponent)
    heading = HEADINGS[mapping.view] + forwards
    share = min(max(speed, 0.0), 1.0)
    return share * np.concatenate(
        [
            mapping.translation_speed * turned(at_most_one(shaped[:3]), heading),
            mapping.rotation_speed * turned(at_most_one(shaped[3:]), heading),
        ]
    )
