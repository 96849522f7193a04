"""What one read of all servos gave, in counts, and the joints' state it tells of."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from clam_robot.hardware import wx250s
from clam_robot.hardware.control_table import CURRENT_UNIT, PRESENT_CURRENT, PRESENT_POSITION, PRESENT_VELOCITY
from clam_robot.hardware.joint_driver import JointState
from clam_robot.hardware.servo_bus import Reply
from clam_robot.hardware.units import radians_from_counts, velocity_from_counts
from clam_robot.hardware.wx250s import GRIPPER_ID, LEADER_IDS

# One read, from this register to that one, brings all of them.
FIRST, LAST = PRESENT_CURRENT, PRESENT_POSITION
# An XL430 has no current sensor: its register is load [0.1 %].
_EFFORT_UNITS = np.array(
    [1.0 if wx250s.servo(each).model == wx250s.XL430 else CURRENT_UNIT for each in wx250s.JOINT_NAMES]
)


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What one read of all servos gave.

    Attributes:
        time: the middle of the transaction [s].
        current: by servo id [count].
        velocity: by servo id [count].
        position: by servo id [count].
        alerts: ids of servos that have a hardware error.
    """

    time: float
    current: dict[int, int]
    velocity: dict[int, int]
    position: dict[int, int]
    alerts: frozenset[int]

    @classmethod
    def of(cls, replies: Mapping[int, Reply], time: float) -> "Sample":
        """The sample of a read from `FIRST` to `LAST` at `time` [s]."""
        begin = FIRST.address
        return cls(
            time=time,
            current={each: reply.value(PRESENT_CURRENT, begin) for each, reply in replies.items()},
            velocity={each: reply.value(PRESENT_VELOCITY, begin) for each, reply in replies.items()},
            position={each: reply.value(PRESENT_POSITION, begin) for each, reply in replies.items()},
            alerts=frozenset(each for each, reply in replies.items() if reply.is_alert),
        )

    def joint_state(self) -> JointState:
        """In SI units; every joint's own servo has answered."""
        angle = float(radians_from_counts(np.array([self.position[GRIPPER_ID]]))[0])
        return JointState(
            time=self.time,
            position=radians_from_counts(_of_joints(self.position)),
            velocity=velocity_from_counts(_of_joints(self.velocity)),
            effort=_of_joints(self.current) * _EFFORT_UNITS,
            finger=wx250s.finger_position(angle),
            gripper_effort=float(self.current[GRIPPER_ID]),
        )


def _of_joints(counts: Mapping[int, int]) -> np.ndarray:
    return np.array([counts[servo_id] for servo_id in LEADER_IDS])
