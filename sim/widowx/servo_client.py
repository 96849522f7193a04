"""Talks to emulated servos in this process, in packets but without a wire."""

from collections.abc import Sequence

from clam_robot.errors import DriverError
from clam_robot.hardware import control_table as ct
from clam_robot.hardware import wx250s
from clam_robot.hardware.control_table import Register
from sim.widowx.bus import ServoBus
from sim.widowx.packet import ALERT, BROADCAST_ID, Instruction, Packet, StatusError


class ServoClient:
    """Reads and writes registers over a `ServoBus`; raises DriverError, naming servo and register, where one fails."""

    def __init__(self, bus: ServoBus) -> None:
        self._bus = bus

    def ping(self, servo: wx250s.Servo) -> None:
        """Make sure the servo is there."""
        self._ask(servo, Instruction.PING, b"", "ping")

    def reboot(self, servo: wx250s.Servo) -> None:
        """Restart it."""
        self._ask(servo, Instruction.REBOOT, b"", "reboot")

    def read(self, servo: wx250s.Servo, register: Register) -> int:
        """A register's value."""
        data = self._ask(servo, Instruction.READ, _word(register.address) + _word(register.size), register.name)
        return _value(register, data)

    def write(self, servo: wx250s.Servo, register: Register, value: int) -> None:
        """Set a register."""
        self._ask(servo, Instruction.WRITE, _word(register.address) + _data(register, value), register.name)

    def sync_write(self, servos: Sequence[wx250s.Servo], register: Register, values: Sequence[int]) -> None:
        """Set the same register of several servos at once; none of them answers."""
        rows = b"".join(
            bytes((servo.id,)) + _data(register, value) for servo, value in zip(servos, values, strict=True)
        )
        head = _word(register.address) + _word(register.size)
        self._bus.respond(Packet(id=BROADCAST_ID, instruction=Instruction.SYNC_WRITE, parameters=head + rows))

    def sync_read(self, servos: Sequence[wx250s.Servo], first: Register, last: Register) -> tuple[list[list[int]], str]:
        """All registers from `first` to `last` of several servos at once.

        Returns:
            Values by servo and register, and the name of the first servo that stays silent, empty when none does.
        """
        size = last.address + last.size - first.address
        head = _word(first.address) + _word(size)
        ids = bytes(servo.id for servo in servos)
        answers = self._bus.respond(Packet(id=BROADCAST_ID, instruction=Instruction.SYNC_READ, parameters=head + ids))
        registers = [each for each in ct.REGISTERS if first.address <= each.address <= last.address]
        values: list[list[int]] = []
        for answer in answers:
            data = answer.parameters[1:]
            begins = (register.address - first.address for register in registers)
            values.append([_value(each, data[begin:]) for each, begin in zip(registers, begins, strict=True)])
        return values, servos[len(answers)].name if len(answers) < len(servos) else ""

    def _ask(self, servo: wx250s.Servo, instruction: Instruction, parameters: bytes, what: str) -> bytes:
        answers = self._bus.respond(Packet(id=servo.id, instruction=instruction, parameters=parameters))
        if not answers:
            raise DriverError(f"servo {servo.name} (ID {servo.id}) does not answer; look at its cable and power")
        error = answers[0].parameters[0] & ~ALERT
        if error:
            raise DriverError(
                f"servo {servo.name} refuses {what} ({StatusError(error).name.lower().replace('_', ' ')} error); "
                "look at its hardware errors and reboot it"
            )
        return answers[0].parameters[1:]


def _word(value: int) -> bytes:
    return value.to_bytes(2, "little")


def _data(register: Register, value: int) -> bytes:
    return value.to_bytes(register.size, "little", signed=register.is_signed)


def _value(register: Register, data: bytes) -> int:
    return int.from_bytes(data[: register.size], "little", signed=register.is_signed)
