"""Which entries of a robot's actions move its hand, and how much one unit of them is. Names decide."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64

from clam_robot.errors import ConfigError
from clam_robot.specs import RobotSpec

TRANSLATION = ("dx", "dy", "dz")
ROTATION = ("droll", "dpitch", "dyaw")
# MetaWorld's actions are shares of 1 cm per simulator step of 12.5 ms, whatever the control period.
_METAWORLD_SPEED = 0.8  # [m/s]
# MetaWorld's arm reaches along y.
_METAWORLD_FORWARDS = math.pi / 2  # [rad]


@dataclass(frozen=True, kw_only=True)
class ActionLayout:
    """How velocities become actions of one robot.

    Attributes:
        spec: of the robot.
        rotates: whether its hand can be turned.
        metres_per_unit: what 1 moves the hand in a control period [m].
        forwards: where the robot's forwards is in its base frame, as a turn from x about z [rad].
    """

    spec: RobotSpec
    rotates: bool
    metres_per_unit: float
    forwards: float

    @classmethod
    def of(cls, spec: RobotSpec) -> "ActionLayout":
        """The layout of a robot whose actions are changes of its hand's pose in metres, or as MetaWorld's.

        Raises:
            ConfigError: its actions are something else; says what.
        """
        gripper = () if spec.gripper is None else (spec.gripper.action,)
        names, units = spec.action.names, spec.action.units
        if names == TRANSLATION + ROTATION + gripper and units[:6] == ("m",) * 3 + ("rad",) * 3:
            return cls(spec=spec, rotates=True, metres_per_unit=1.0, forwards=0.0)
        if names == TRANSLATION + gripper and units[:3] == ("m",) * 3:
            return cls(spec=spec, rotates=False, metres_per_unit=1.0, forwards=0.0)
        if names == TRANSLATION + gripper and units[:3] == ("1",) * 3:
            metres = _METAWORLD_SPEED / spec.control_hz
            return cls(spec=spec, rotates=False, metres_per_unit=metres, forwards=_METAWORLD_FORWARDS)
        raise ConfigError(
            f"{spec.name} cannot be driven by a person: its actions are {', '.join(names)}, expected dx, dy, dz, "
            "with or without droll, dpitch, dyaw, and a gripper; try widowx, widowx-twin:TASK or metaworld:TASK"
        )

    def action(self, velocity: Float64[np.ndarray, "6"], opening: float) -> Float32[np.ndarray, "A"]:
        """The action of one control period, within bounds; what is too fast keeps its direction.

        Args:
            velocity: of the hand, linear [m/s] then angular [rad/s], in the base frame.
            opening: of the gripper, 0 closed .. 1 open.
        """
        step = velocity / self.spec.control_hz
        return self.of_step(np.concatenate([step[:3] / self.metres_per_unit, step[3:]]), opening)

    def of_step(self, step: Float64[np.ndarray, "6"], opening: float) -> Float32[np.ndarray, "A"]:
        """The action of a step in action units, shortened to what the bounds allow."""
        low, high = self.spec.action.low_array.astype(np.float64), self.spec.action.high_array.astype(np.float64)
        parts = [within(step[:3], low[:3], high[:3])]
        if self.rotates:
            parts.append(within(step[3:], low[3:6], high[3:6]))
        if self.spec.gripper is not None:
            parts.append(np.array([gripper_value(self.spec, opening)]))
        return self.spec.action.clip(np.concatenate(parts), what="action")


def within(
    step: Float64[np.ndarray, "n"], low: Float64[np.ndarray, "n"], high: Float64[np.ndarray, "n"]
) -> Float64[np.ndarray, "n"]:
    """A step shortened as a whole, in its own direction, until every entry is within bounds around zero."""
    room = np.where(step > 0, high, -low)
    size = np.abs(step)
    beyond = size > room
    return step * float(np.min(room[beyond] / size[beyond], initial=1.0))


def gripper_value(spec: RobotSpec, opening: float) -> float:
    """The gripper's action entry for an opening, 0 closed .. 1 open."""
    assert spec.gripper is not None
    index = spec.action.index(spec.gripper.action)
    low, high = spec.action.low[index], spec.action.high[index]
    closed, opened = (high, low) if spec.gripper.closes == "above" else (low, high)
    return closed + min(max(opening, 0.0), 1.0) * (opened - closed)


def resting_action(spec: RobotSpec, opening: float) -> Float32[np.ndarray, "A"]:
    """The action that moves nothing and keeps the gripper at an opening, 0 closed .. 1 open."""
    action = np.zeros(len(spec.action), np.float32)
    if spec.gripper is not None:
        action[spec.action.index(spec.gripper.action)] = gripper_value(spec, opening)
    return action
