"""Names by which the vendor's ROS interface knows a wx250s: groups of joints, modes, and their units."""

from dataclasses import dataclass

from clam_robot.hardware import control_table as table
from clam_robot.hardware.control_table import OperatingMode, Register
from clam_robot.hardware.wx250s import COUNT, GRIPPER, JOINT_NAMES, SERVOS, ZERO_COUNT, gripper_angle

# A group's joints are in the order of its commands; second motors follow and are in no group.
GROUPS = {"arm": JOINT_NAMES, "all": (*JOINT_NAMES, GRIPPER)}
MOTORS = {servo.name: servo.id for servo in SERVOS}
FINGERS = ("left_finger", "right_finger")
JOINT_STATES = (*GROUPS["all"], *FINGERS)


@dataclass(frozen=True)
class Mode:
    """What a mode does with a command.

    Attributes:
        operating: of the servo.
        goal: where the command goes.
        unit: of the command, per count.
        zero: count of command zero.
    """

    operating: OperatingMode
    goal: Register
    unit: float
    zero: int = 0

    def counts(self, command: float) -> int:
        """Register value of a command in the mode's unit."""
        return round(command / self.unit) + self.zero


MODES = {
    "position": Mode(OperatingMode.POSITION, table.GOAL_POSITION, COUNT, ZERO_COUNT),
    "linear_position": Mode(OperatingMode.POSITION, table.GOAL_POSITION, COUNT, ZERO_COUNT),
    "ext_position": Mode(OperatingMode.EXTENDED_POSITION, table.GOAL_POSITION, COUNT, ZERO_COUNT),
    "current_based_position": Mode(OperatingMode.CURRENT_BASED_POSITION, table.GOAL_POSITION, COUNT, ZERO_COUNT),
    "velocity": Mode(OperatingMode.VELOCITY, table.GOAL_VELOCITY, table.VELOCITY_UNIT),
    "current": Mode(OperatingMode.CURRENT, table.GOAL_CURRENT, table.CURRENT_UNIT),
    "pwm": Mode(OperatingMode.PWM, table.GOAL_PWM, 1.0),
}
# Nothing holds these: without new commands the last one goes on.
UNHELD = ("velocity", "current", "pwm")


def goal_counts(mode: str, command: float) -> int:
    """Value for a mode's goal register.

    Args:
        mode: a key of `MODES`.
        command: rad, rad/s, mA, PWM count, or for "linear_position" the distance between the fingers [m].

    Raises:
        ValueError: not finite, or no finger position.
    """
    if mode == "linear_position":
        command = gripper_angle(command / 2.0)
    try:
        return MODES[mode].counts(command)
    except (ValueError, OverflowError):
        raise ValueError(f"a command must be finite, found {command}") from None


def joints_of(cmd_type: str, name: str) -> tuple[str, ...]:
    """Joints or motors that a request means.

    Raises:
        ValueError: no such group or motor; lists what there is.
    """
    known = {"group": list(GROUPS), "single": list(MOTORS)}
    if cmd_type not in known:
        raise ValueError(f"cmd_type is 'group' or 'single', found {cmd_type!r}")
    if name not in known[cmd_type]:
        raise ValueError(f"no {cmd_type} {name!r}; there are {', '.join(known[cmd_type])}")
    return GROUPS[name] if cmd_type == "group" else (name,)
