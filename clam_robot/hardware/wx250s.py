"""The WidowX 250 6-DOF (wx250s) in numbers: joints, links, fingers and servos.

Source: the vendor's public robot description and motor configuration. Frames: base_link has x forwards, y to the left,
z up; at home (all joints zero) the arm is stretched forwards and every frame is parallel to the base.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

COUNTS_PER_TURN = 4096
ZERO_COUNT = 2048
COUNT = 2.0 * math.pi / COUNTS_PER_TURN  # [rad]


@dataclass(frozen=True, kw_only=True)
class Joint:
    """One of the six arm joints.

    Attributes:
        name: the vendor's.
        low: lower limit [rad].
        high: upper limit [rad].
        axis: (3,) unit vector it turns about, in the base frame at home.
        point: (3,) a point of that axis, in the base frame at home [m].
        effort: largest torque [Nm].
    """

    name: str
    low: float
    high: float
    axis: tuple[float, float, float]
    point: tuple[float, float, float]
    effort: float


X, Y, Z = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
JOINTS = (
    Joint(name="waist", low=-3.14158, high=3.14158, axis=Z, point=(0.0, 0.0, 0.072), effort=10.0),
    Joint(name="shoulder", low=-1.88496, high=1.98968, axis=Y, point=(0.0, 0.0, 0.11065), effort=20.0),
    Joint(name="elbow", low=-2.14675, high=1.60570, axis=Y, point=(0.04975, 0.0, 0.36065), effort=15.0),
    Joint(name="forearm_roll", low=-3.14158, high=3.14158, axis=X, point=(0.22475, 0.0, 0.36065), effort=2.0),
    Joint(name="wrist_angle", low=-1.74533, high=2.14675, axis=Y, point=(0.29975, 0.0, 0.36065), effort=5.0),
    Joint(name="wrist_rotate", low=-3.14158, high=3.14158, axis=X, point=(0.36475, 0.0, 0.36065), effort=1.0),
)
JOINT_NAMES = tuple(joint.name for joint in JOINTS)
NUM_JOINTS = len(JOINTS)
VELOCITY_LIMIT = math.pi  # of every joint [rad/s]
# Where the tool frame, between the finger tips, is at home; its rotation is then the identity [m].
TOOL_AT_HOME = (0.458325, 0.0, 0.36065)

HOME = (0.0,) * NUM_JOINTS
SLEEP = (0.0, -1.80, 1.55, 0.0, 0.8, 0.0)
# Hand over the table looking down and forwards, as the Bridge data begin their episodes.
NEUTRAL = (-0.132, -0.762, 0.445, -0.020, 1.756, -0.160)

FINGER_CLOSED, FINGER_OPEN = 0.015, 0.037  # distance of a finger from the middle [m]
_HORN, _ROD = 0.014, 0.024  # the crank that drives the fingers [m]


def finger_position(angle: float) -> float:
    """Distance of each finger from the middle [m] for an angle of the gripper's servo [rad]."""
    across = _HORN * math.cos(angle)
    return _HORN * math.sin(angle) + math.sqrt(_ROD**2 - across**2)


def gripper_angle(finger: float) -> float:
    """Inverse of `finger_position`: angle of the gripper's servo [rad] for a finger distance [m].

    Raises:
        ValueError: no angle puts the fingers there.
    """
    sine = (finger**2 + _HORN**2 - _ROD**2) / (2.0 * _HORN * finger) if finger > 0 else math.inf
    if not abs(sine) <= 1.0:
        raise ValueError(f"fingers reach from {_ROD - _HORN:.3f} to {_ROD + _HORN:.3f} m, asked for {finger} m")
    return math.asin(sine)


@dataclass(frozen=True, kw_only=True)
class Servo:
    """One servo on the bus.

    Attributes:
        id: on the bus.
        name: of its joint, "_shadow" added for the second motor of a joint.
        model: "XM430-W350" or "XL430-W250".
        low_count: Min_Position_Limit [count].
        high_count: Max_Position_Limit [count].
        is_reversed: bit 0 of Drive_Mode: it is mounted the other way round.
        follows: id of the servo whose commands it obeys too (Secondary_ID), None where it has its own.
    """

    id: int
    name: str
    model: str
    low_count: int = 0
    high_count: int = COUNTS_PER_TURN - 1
    is_reversed: bool = False
    follows: int | None = None


XM430, XL430 = "XM430-W350", "XL430-W250"
SERVOS = (
    Servo(id=1, name="waist", model=XM430),
    Servo(id=2, name="shoulder", model=XM430, low_count=819, high_count=3345),
    Servo(id=3, name="shoulder_shadow", model=XM430, low_count=819, high_count=3345, is_reversed=True, follows=2),
    Servo(id=4, name="elbow", model=XM430, low_count=648, high_count=3094),
    Servo(id=5, name="elbow_shadow", model=XM430, low_count=648, high_count=3094, is_reversed=True, follows=4),
    Servo(id=6, name="forearm_roll", model=XM430),
    Servo(id=7, name="wrist_angle", model=XM430, low_count=910, high_count=3447, is_reversed=True),
    Servo(id=8, name="wrist_rotate", model=XL430),
    Servo(id=9, name="gripper", model=XL430),
)
GRIPPER = "gripper"
IDS = tuple(each.id for each in SERVOS)
GRIPPER_ID = next(each.id for each in SERVOS if each.name == GRIPPER)
ARM_IDS = tuple(each.id for each in SERVOS if each.id != GRIPPER_ID)
# A servo whose Secondary_ID is another's id obeys that one's goals, so goals go to leaders only.
LEADER_IDS = tuple(each.id for each in SERVOS if each.id != GRIPPER_ID and each.follows is None)


def joint_limits() -> tuple[Float64[np.ndarray, "6"], Float64[np.ndarray, "6"]]:
    """Lower and upper limits [rad]."""
    return np.array([joint.low for joint in JOINTS]), np.array([joint.high for joint in JOINTS])


def servo(name: str) -> Servo:
    """The servo of a joint, or the gripper's.

    Raises:
        KeyError: no such servo.
    """
    return next((each for each in SERVOS if each.name == name), None) or _unknown(name)


def _unknown(name: str) -> Servo:
    raise KeyError(f"no servo {name!r}; there are {', '.join(each.name for each in SERVOS)}")
