"""Makes the servos of a wx250s ready without moving the arm: modes, profile, goals and torque, all read back.

Everything here is a procedure of a `BusThread`: it yields between its bus requests.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clam_robot.errors import ServoRefused
from clam_robot.hardware import control_table as table
from clam_robot.hardware.bus_thread import Procedure
from clam_robot.hardware.control_table import DriveMode, HardwareError, OperatingMode, Register
from clam_robot.hardware.servo_bus import ServoBus, name_of
from clam_robot.hardware.units import radians_from_counts
from clam_robot.hardware.wx250s import ARM_IDS, GRIPPER_ID, IDS, SERVOS, Servo

FOLLOWERS = {each.id: each.follows for each in SERVOS if each.follows is not None}
# The gripper lets go when nobody talks on the bus for so long [20 ms]. Only the gripper: its goal is a PWM, which would
# press on until it overheats. The arm's joints hold their goal position by themselves; a watchdog adds nothing there
# but a state in which goals are refused, and with a homing offset some firmware moves when it triggers.
GRIPPER_WATCHDOG = 25
_NEAR = 100  # a servo that holds and is this close to its goal has arrived [count]
_STILL = 5  # [count of Present_Velocity]
_BEYOND = 64  # how far outside its limits a joint may be found and still be taken to the limit, 0.1 rad [count]
_POSITION_MODES = (OperatingMode.POSITION, OperatingMode.EXTENDED_POSITION, OperatingMode.CURRENT_BASED_POSITION)
# Of a servo that goes on as long as nobody says stop.
_RATE_GOALS = {
    OperatingMode.PWM: table.GOAL_PWM,
    OperatingMode.VELOCITY: table.GOAL_VELOCITY,
    OperatingMode.CURRENT: table.GOAL_CURRENT,
}
_TRIES = 3  # of packets that nobody confirms


@dataclass(frozen=True)
class Profile:
    """How a servo goes to its goal.

    Attributes:
        velocity: time of a move [ms].
        acceleration: of this, time to speed up [ms].
    """

    velocity: int
    acceleration: int


def prepare(bus: ServoBus, profile: Profile) -> Procedure[None]:
    """Modes, profile, goals and torque of all servos; a servo that holds in the right mode never lets go.

    A joint at rest that holds keeps its goal, because taking the measured position instead would let the arm sag a
    little every time. Others get the measured position as goal before they get torque.

    Raises:
        ServoRefused: a servo is set up for another place, must lose torque to change its mode, has a hardware error,
            is outside its limits, or did not keep what was written; names it. Nothing was written in the first three.
        ServoSilent: one does not answer.
    """
    is_on = yield from _read(bus, table.TORQUE_ENABLE)
    errors = yield from _read(bus, table.HARDWARE_ERROR_STATUS)
    for each, error in errors.items():
        if error:
            raise ServoRefused(
                f"{name_of(each)} has a hardware error ({HardwareError(error).name}) and does not move; see what "
                "blocks or strains it, then reboot it"
            )
    yield from _require_modes(bus, is_on)
    yield from _write(bus, table.BUS_WATCHDOG, dict.fromkeys(IDS, 0))
    yield from write_profile(bus, profile)
    yield from _take_hold(bus, is_on)
    yield from _write(bus, table.BUS_WATCHDOG, {GRIPPER_ID: GRIPPER_WATCHDOG})


def write_profile(bus: ServoBus, profile: Profile) -> Procedure[None]:
    """The time profile of the arm's servos, read back.

    Raises:
        ServoRefused: a servo did not keep it.
        ServoSilent: one does not answer.
    """
    # A servo limits the acceleration to half the velocity it knows, so that one goes first.
    yield from _write(bus, table.PROFILE_ACCELERATION, dict.fromkeys(ARM_IDS, 0))
    yield from _write(bus, table.PROFILE_VELOCITY, dict.fromkeys(ARM_IDS, profile.velocity))
    yield from _write(bus, table.PROFILE_ACCELERATION, dict.fromkeys(ARM_IDS, profile.acceleration))


def set_torque(bus: ServoBus, is_on: bool) -> Procedure[None]:
    """Torque of all servos; see `switch_torque`."""
    yield from switch_torque(bus, dict.fromkeys(IDS, int(is_on)))


def switch_torque(bus: ServoBus, wanted: dict[int, int]) -> Procedure[None]:
    """Torque by servo id, 1 or 0; on: each holds where it is, so that nothing jumps to an old goal.

    Raises:
        ServoRefused: a servo did not follow, or is outside its limits.
        ServoSilent: one does not answer.
    """
    if off := {each: 0 for each, is_on in wanted.items() if not is_on}:
        yield from _write(bus, table.TORQUE_ENABLE, off)
    if on := [each for each, is_on in wanted.items() if is_on]:
        held = yield from _read(bus, table.TORQUE_ENABLE)
        yield from _take_hold(bus, held, on)


def release_gripper(bus: ServoBus) -> Procedure[None]:
    """Let the gripper keep its PWM when the bus falls silent on purpose.

    Raises:
        ServoSilent: it does not answer.
    """
    bus.write(GRIPPER_ID, table.BUS_WATCHDOG, 0)
    yield


def _take_hold(bus: ServoBus, held: dict[int, int], ids: Sequence[int] = IDS) -> Procedure[None]:
    """Torque on, from where they are."""
    modes = yield from _read(bus, table.OPERATING_MODE)
    goals = yield from _goals(bus, held, modes, ids)
    if goals:
        yield from _write(bus, table.GOAL_POSITION, goals)
        yield from _require_followers(bus, goals)
    off = [each for each in ids if not held[each]]
    for mode, register in _RATE_GOALS.items():
        if at_rest := {each: 0 for each in off if modes[each] == mode}:
            yield from _write(bus, register, at_rest)
    if off:
        yield from _write(bus, table.TORQUE_ENABLE, dict.fromkeys(off, 1))


def _goals(bus: ServoBus, held: dict[int, int], modes: dict[int, int], ids: Sequence[int]) -> Procedure[dict[int, int]]:
    """Goals that hold each joint where it is, for the leaders that need one."""
    first = table.GOAL_POSITION
    state = bus.read_all(IDS, first, table.PRESENT_POSITION)
    yield
    limits = bus.read_all(IDS, table.MAX_POSITION_LIMIT, table.MIN_POSITION_LIMIT)
    yield
    goals: dict[int, int] = {}
    for leader in (each for each in IDS if each not in FOLLOWERS and modes[each] in _POSITION_MODES):
        members = [leader, *(each for each, followed in FOLLOWERS.items() if followed == leader)]
        position = state[leader].value(table.PRESENT_POSITION, first.address)
        error = state[leader].value(first, first.address) - position
        speed = state[leader].value(table.PRESENT_VELOCITY, first.address)
        is_at_rest = all(held[each] for each in members) and abs(error) <= _NEAR and abs(speed) <= _STILL
        if is_at_rest or not set(members) & set(ids):
            continue
        goals[leader] = position
        if modes[leader] == OperatingMode.POSITION:
            start = table.MAX_POSITION_LIMIT.address
            low = limits[leader].value(table.MIN_POSITION_LIMIT, start)
            high = limits[leader].value(table.MAX_POSITION_LIMIT, start)
            goals[leader] = _within(leader, position, low, high)
    return goals


def _within(leader: int, position: int, low: int, high: int) -> int:
    if not low - _BEYOND <= position <= high + _BEYOND:
        at, lowest, highest = radians_from_counts(np.array([position, low, high]))
        raise ServoRefused(
            f"{name_of(leader)} is at {at:.2f} rad, outside its limits of {lowest:.2f} to {highest:.2f} rad; switch "
            "the torque off and move it back"
        )
    return min(max(position, low), high)


def _require_followers(bus: ServoBus, goals: dict[int, int]) -> Procedure[None]:
    followed = {each: goals[leader] for each, leader in FOLLOWERS.items() if leader in goals}
    found = yield from _read(bus, table.GOAL_POSITION, list(followed))
    for each, goal in followed.items():
        if found[each] != goal:
            raise ServoRefused(
                f"{name_of(each)} does not follow {name_of(FOLLOWERS[each])}: goal {goal} went to that one, this one "
                f"has {found[each]}; they would work against each other. Check Secondary_ID"
            )


def _require_modes(bus: ServoBus, is_on: dict[int, int]) -> Procedure[None]:
    first = table.DRIVE_MODE
    replies = bus.read_all(IDS, first, table.SECONDARY_ID)
    yield
    wanted: dict[int, tuple[int, int]] = {}
    for each in SERVOS:
        drive = replies[each.id].value(table.DRIVE_MODE, first.address)
        mode = replies[each.id].value(table.OPERATING_MODE, first.address)
        _require_place(each, drive, replies[each.id].value(table.SECONDARY_ID, first.address))
        target = _modes(each, drive)
        if target == (drive, mode):
            continue
        if is_on[each.id]:
            raise ServoRefused(
                f"{name_of(each.id)} must lose torque to change its mode (Drive_Mode {drive} to {target[0]}, "
                f"Operating_Mode {mode} to {target[1]}); support the arm and switch the torque off first"
            )
        wanted[each.id] = target
    for each, (drive, mode) in wanted.items():
        for register, value in ((table.DRIVE_MODE, drive), (table.OPERATING_MODE, mode)):
            bus.write_verified(each, register, value)
            yield


def _require_place(each: Servo, drive: int, secondary: int) -> None:
    if bool(drive & DriveMode.REVERSE) != each.is_reversed:
        raise ServoRefused(
            f"{name_of(each.id)} should turn {'the other way' if each.is_reversed else 'the usual way'} round "
            f"(bit 0 of Drive_Mode), found Drive_Mode {drive}; was it replaced? Set it up as the vendor's manual says"
        )
    if (each.follows or None) != (secondary if secondary in IDS else None):
        raise ServoRefused(
            f"{name_of(each.id)} should {f'follow servo {each.follows}' if each.follows else 'follow no other'} "
            f"(Secondary_ID), found {secondary}; was it replaced? Set it up as the vendor's manual says"
        )


def _modes(each: Servo, drive: int) -> tuple[int, int]:
    if each.id == GRIPPER_ID:
        return drive, OperatingMode.PWM
    return drive | DriveMode.TIME_PROFILE, OperatingMode.POSITION


def _read(bus: ServoBus, register: Register, ids: Sequence[int] = IDS) -> Procedure[dict[int, int]]:
    if not ids:
        return {}
    replies = bus.read_all(ids, register, register)
    yield
    return {each: reply.value(register, register.address) for each, reply in replies.items()}


def _write(bus: ServoBus, register: Register, values: dict[int, int]) -> Procedure[None]:
    found: dict[int, int] = {}
    for _ in range(_TRIES):
        bus.write_all(register, values)
        yield
        found = yield from _read(bus, register, list(values))
        if found == values:
            return
    each = next(each for each in values if found[each] != values[each])
    raise ServoRefused(
        f"{name_of(each)} did not keep {register.name}: wrote {values[each]}, read back {found[each]}; look at its "
        "hardware errors, and whether another program writes to it"
    )
