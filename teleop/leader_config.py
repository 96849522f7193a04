"""Which servos a leader arm has, and what their angles mean."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from clam_robot import config
from clam_robot.errors import ConfigError
from clam_robot.hardware.units import radians_from_counts
from clam_robot.hardware.wx250s import (
    FINGER_CLOSED,
    FINGER_OPEN,
    GRIPPER_ID,
    LEADER_IDS,
    NUM_JOINTS,
    SERVOS,
    gripper_angle,
)


@dataclass(frozen=True, kw_only=True)
class LeaderConfig(config.Strict):
    """Which chain of Dynamixel servos, and how its angles become those of a WidowX. The defaults are a WidowX 250s.

    Attributes:
        port: serial port; another one than the follower's.
        baud: [bit/s].
        ids: of the servos of waist, shoulder, elbow, forearm_roll, wrist_angle, wrist_rotate and gripper.
        helpers: ids of second motors of a joint, whose torque must be off too.
        signs: 1, or -1 where a joint turns the other way, in the order of the six joints.
        offsets: added to each joint after its sign [rad].
        gripper_closed: angle of the gripper's servo when closed [rad].
        gripper_open: when open [rad].
        release: switch its torque off wherever it is: support the arm, it falls.
        stale_after: age at which a reading is no longer followed [s].
        reply_timeout: how long a servo may think before it answers [s].
    """

    port: str = "/dev/ttyDXL_leader"
    baud: int = 1_000_000
    ids: tuple[int, ...] = (*LEADER_IDS, GRIPPER_ID)
    helpers: tuple[int, ...] = tuple(each.id for each in SERVOS if each.follows is not None)
    signs: tuple[float, ...] = (1.0,) * NUM_JOINTS
    offsets: tuple[float, ...] = (0.0,) * NUM_JOINTS
    gripper_closed: float = gripper_angle(FINGER_CLOSED)
    gripper_open: float = gripper_angle(FINGER_OPEN)
    release: bool = False
    stale_after: float = 0.2
    reply_timeout: float = 0.034

    def __post_init__(self) -> None:
        if len(self.ids) != NUM_JOINTS + 1 or len(set(self.ids)) != len(self.ids):
            raise ConfigError(f"ids: expected {NUM_JOINTS} joints' and the gripper's, each once, found {self.ids}")
        if len(self.signs) != NUM_JOINTS or any(abs(sign) != 1.0 for sign in self.signs):
            raise ConfigError(f"signs: expected {NUM_JOINTS} of 1 and -1, found {self.signs}")
        if len(self.offsets) != NUM_JOINTS or not all(map(math.isfinite, self.offsets)):
            raise ConfigError(f"offsets: expected {NUM_JOINTS} angles, found {self.offsets}")
        if self.gripper_closed == self.gripper_open:
            raise ConfigError("gripper_closed and gripper_open: expected two angles, found the same twice")


def leader_joints(counts: dict[int, int], setup: LeaderConfig) -> tuple[Float64[np.ndarray, "6"], float]:
    """Joints [rad] and gripper opening, 0 closed .. 1 open, of what the servos measure."""
    angles = radians_from_counts(np.array([counts[each] for each in setup.ids]))
    joints = angles[:NUM_JOINTS] * np.array(setup.signs) + np.array(setup.offsets)
    opening = (angles[NUM_JOINTS] - setup.gripper_closed) / (setup.gripper_open - setup.gripper_closed)
    return joints, float(np.clip(opening, 0.0, 1.0))
