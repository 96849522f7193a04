"""Makes the servos behind an xs_sdk node ready without moving the arm; the counterpart of `servo_setup`.

The node confirms nothing, so everything is read back from the servos' registers.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float64

from clam_robot.errors import DriverError, ServoRefused
from clam_robot.hardware import control_table as table
from clam_robot.hardware.control_table import DriveMode, HardwareError, OperatingMode
from clam_robot.hardware.joint_goal import goal_counts
from clam_robot.hardware.servo_setup import Profile
from clam_robot.hardware.units import radians_from_counts
from clam_robot.hardware.wx250s import GRIPPER, JOINT_NAMES, joint_limits
from clam_robot.hardware.xs_core import XsNode
from clam_robot.hardware.xs_groups import MOTORS
from clam_robot.timing import Clock

_ARM = [name for name in MOTORS if name != GRIPPER]
_NEAR = 100  # a joint that holds and is this close to its goal has arrived [count]
_BEYOND = 0.1  # how far outside its limits a joint may be found and still be taken to the limit [rad]
_ARRIVE_WITHIN = 2.0  # of a published goal in the servos [s]


def prepare(node: XsNode, profile: Profile, measured: Callable[[], Float64[np.ndarray, "6"]], clock: Clock) -> None:
    """Modes, profile, goals and torque; a servo that holds in the right mode never lets go.

    Args:
        node: of the arm.
        profile: of every move from now on.
        measured: newest joint positions [rad].
        clock: a real one.

    Raises:
        ServoRefused: a servo has a hardware error, or must lose torque to change its mode; nothing was written.
        DriverError: a servo did not keep what was written; names it.
        NodeUnavailable: the node does not do what it is asked.
    """
    is_on = node.read(table.TORQUE_ENABLE)
    for name, error in node.read(table.HARDWARE_ERROR_STATUS).items():
        if error:
            raise ServoRefused(
                f"{name} has a hardware error ({HardwareError(error).name}) and does not move; see what blocks or "
                "strains it, then reboot it"
            )
    _set_modes(node, profile, is_on)
    write_profile(node, profile)
    take_hold(node, measured, clock)


def write_profile(node: XsNode, profile: Profile) -> None:
    """Profile of the arm's servos, read back.

    Raises:
        DriverError: a servo did not keep it.
    """
    # A servo limits the acceleration to half the velocity it knows, so that one goes first.
    node.write_arm(table.PROFILE_ACCELERATION, 0)
    node.write_arm(table.PROFILE_VELOCITY, profile.velocity)
    node.write_arm(table.PROFILE_ACCELERATION, profile.acceleration)


def take_hold(node: XsNode, measured: Callable[[], Float64[np.ndarray, "6"]], clock: Clock) -> None:
    """Torque on, with the measured position as the goal of every joint that does not stand at its goal.

    Raises:
        ServoRefused: a joint is outside its limits.
        DriverError: a goal did not arrive, or torque did not come on.
    """
    is_on = node.read(table.TORQUE_ENABLE)
    goals = node.read(table.GOAL_POSITION)
    position = measured()
    _require_within(position)
    here = dict(zip(JOINT_NAMES, goal_counts(position).values(), strict=True))
    wanted = {name: goals[name] if _holds(name, is_on, goals[name], here[name]) else here[name] for name in JOINT_NAMES}
    if wanted != {name: goals[name] for name in JOINT_NAMES}:
        node.core.robot_write_commands("arm", [float(x) for x in radians_from_counts(np.array(list(wanted.values())))])
        _await_goals(node, wanted, clock)
    if not is_on[GRIPPER]:
        node.core.robot_write_joint_command(GRIPPER, 0.0)
    switch_torque(node, [name for name in MOTORS if not is_on[name]], True)


def switch_torque(node: XsNode, names: list[str], is_on: bool) -> None:
    """Torque of servos by name, read back; goals stay what they are.

    Raises:
        DriverError: one did not follow.
    """
    for name in names:
        node.call("torque_enable", lambda name=name: node.core.robot_torque_enable("single", name, is_on))
    found = node.read(table.TORQUE_ENABLE)
    for name in names:
        if bool(found[name]) != is_on:
            raise DriverError(f"{name} did not switch its torque {'on' if is_on else 'off'}; look at its errors")


def _set_modes(node: XsNode, profile: Profile, is_on: dict[str, int]) -> None:
    modes, drives = node.read(table.OPERATING_MODE), node.read(table.DRIVE_MODE)
    arm = node.call("get_robot_info", lambda: node.core.robot_get_robot_info("group", "arm"))
    gripper = node.call("get_robot_info", lambda: node.core.robot_get_robot_info("single", GRIPPER))
    wrong = {
        name: f"Operating_Mode {modes[name]}, Drive_Mode {drives[name]}"
        for name in _ARM
        if modes[name] != OperatingMode.POSITION or not drives[name] & DriveMode.TIME_PROFILE
    }
    if arm.mode != "position" or arm.profile_type != "time":
        wrong["waist"] = f"the node's mode {arm.mode}, profile by {arm.profile_type}"
    if modes[GRIPPER] != OperatingMode.PWM or gripper.mode != "pwm":
        wrong[GRIPPER] = f"Operating_Mode {modes[GRIPPER]}, the node's mode {gripper.mode}"
    for name, found in wrong.items():
        held = [each for each in (_ARM if name in _ARM else [GRIPPER]) if is_on[each]]
        if held:
            raise ServoRefused(
                f"{name} must change its mode (found {found}), and the node drops the torque of {', '.join(held)} for "
                "that; support the arm and switch the torque off first"
            )
    if wrong.keys() & set(_ARM):
        _set_mode(node, "group", "arm", "position", profile)
    if GRIPPER in wrong:
        _set_mode(node, "single", GRIPPER, "pwm", profile)


def _set_mode(node: XsNode, cmd_type: str, name: str, mode: str, profile: Profile) -> None:
    node.call(
        "set_operating_modes",
        lambda: node.core.robot_set_operating_modes(
            cmd_type, name, mode, "time", profile.velocity, profile.acceleration
        ),
    )


def _holds(name: str, is_on: dict[str, int], goal: int, here: int) -> bool:
    members = [name, *(each for each in MOTORS if each == f"{name}_shadow")]
    return all(is_on[each] for each in members) and abs(goal - here) <= _NEAR


def _require_within(position: Float64[np.ndarray, "6"]) -> None:
    for name, value, low, high in zip(JOINT_NAMES, position, *joint_limits(), strict=True):
        if not low - _BEYOND <= value <= high + _BEYOND:
            raise ServoRefused(
                f"{name} is at {value:.2f} rad, outside its limits of {low:.2f} to {high:.2f} rad; switch the torque "
                "off and move it back"
            )


def _await_goals(node: XsNode, wanted: dict[str, int], clock: Clock) -> None:
    deadline = clock.now() + _ARRIVE_WITHIN
    while True:
        found = node.read(table.GOAL_POSITION)
        off = {name: found[name] for name in wanted if abs(found[name] - wanted[name]) > 1}
        if not off:
            return
        if clock.now() > deadline:
            name = next(iter(off))
            raise DriverError(
                f"the goal of {name} did not arrive: published {wanted[name]}, its Goal_Position is {off[name]}; does "
                "another program command the arm?"
            )
