"""Reads health and settings of all servos, a block of registers at a time."""

from clam_robot.hardware import control_table as table
from clam_robot.hardware.bus_thread import Procedure
from clam_robot.hardware.control_table import HardwareError, Register
from clam_robot.hardware.joint_driver import ServoStatus
from clam_robot.hardware.servo_bus import ServoBus
from clam_robot.hardware.wx250s import COUNT, SERVOS, ZERO_COUNT

# Runs of neighbouring registers: what lies between them is reserved, and firmware may refuse to read it.
_BLOCKS = (
    (table.MODEL_NUMBER, table.FIRMWARE_VERSION),
    (table.DRIVE_MODE, table.OPERATING_MODE),
    (table.MAX_POSITION_LIMIT, table.MIN_POSITION_LIMIT),
    (table.TORQUE_ENABLE, table.TORQUE_ENABLE),
    (table.HARDWARE_ERROR_STATUS, table.HARDWARE_ERROR_STATUS),
    (table.PROFILE_ACCELERATION, table.PROFILE_VELOCITY),
    (table.PRESENT_INPUT_VOLTAGE, table.PRESENT_TEMPERATURE),
)
# What a status is made of.
REGISTERS = (
    table.MODEL_NUMBER,
    table.FIRMWARE_VERSION,
    table.OPERATING_MODE,
    table.MAX_POSITION_LIMIT,
    table.MIN_POSITION_LIMIT,
    table.TORQUE_ENABLE,
    table.HARDWARE_ERROR_STATUS,
    table.PROFILE_ACCELERATION,
    table.PROFILE_VELOCITY,
    table.PRESENT_INPUT_VOLTAGE,
    table.PRESENT_TEMPERATURE,
)


def read_status(bus: ServoBus) -> Procedure[tuple[ServoStatus, ...]]:
    """Status of all servos, in the order of `wx250s.SERVOS`.

    Raises:
        ServoSilent: one does not answer; names it.
    """
    ids = [servo.id for servo in SERVOS]
    values: dict[int, dict[str, int]] = {servo_id: {} for servo_id in ids}
    for first, last in _BLOCKS:
        replies = bus.read_all(ids, first, last)
        for register in REGISTERS:
            if first.address <= register.address <= last.address:
                for servo_id, reply in replies.items():
                    values[servo_id][register.name] = reply.value(register, first.address)
        yield
    return tuple(make_status(servo.name, values[servo.id]) for servo in SERVOS)


def make_status(name: str, values: dict[str, int]) -> ServoStatus:
    """A status from register values.

    Args:
        name: of the servo.
        values: by register name, all of `REGISTERS`.
    """

    def of(register: Register) -> int:
        return values[register.name]

    return ServoStatus(
        name=name,
        model=of(table.MODEL_NUMBER),
        firmware=of(table.FIRMWARE_VERSION),
        operating_mode=of(table.OPERATING_MODE),
        is_torque_on=bool(of(table.TORQUE_ENABLE)),
        profile_velocity=of(table.PROFILE_VELOCITY),
        profile_acceleration=of(table.PROFILE_ACCELERATION),
        low=(of(table.MIN_POSITION_LIMIT) - ZERO_COUNT) * COUNT,
        high=(of(table.MAX_POSITION_LIMIT) - ZERO_COUNT) * COUNT,
        error=HardwareError(of(table.HARDWARE_ERROR_STATUS)),
        temperature=float(of(table.PRESENT_TEMPERATURE)),
        voltage=of(table.PRESENT_INPUT_VOLTAGE) * table.VOLTAGE_UNIT,
    )
