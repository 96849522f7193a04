"""The servos on one bus: who an instruction is for, what they do, who answers in which order."""

import struct
from collections.abc import Callable, Sequence

from clam_robot.hardware import control_table as ct
from sim.widowx.faults import Faults
from sim.widowx.memory import Refused
from sim.widowx.packet import ALERT, BROADCAST_ID, MAX_ID, Instruction, Packet, StatusError, status
from sim.widowx.servo import EmulatedServo

_FIRST_OF_RAM = ct.TORQUE_ENABLE.address
# Status_Return_Level from which a servo answers an instruction; pings always.
_READING = {Instruction.READ, Instruction.SYNC_READ, Instruction.BULK_READ}
_CLEAR_TURNS = b"\x01DXL\x22"  # what to clear, and bytes that nobody sends by accident
_SPAN = struct.Struct("<HH")  # address, size
_BULK_SPAN = struct.Struct("<BHH")  # ID, address, size


class EmulatedBus:
    """Hands instructions to servos and collects their answers.

    Shadows (Secondary_ID) obey writes to the RAM without answering. In a sync or bulk read every servo waits for the
    one named before it, so a lost one silences those behind it.

    Attributes:
        servos: on the bus.
        baud: rate of the instructions [bit/s]; a servo set to another hears none. None is understood by all.
        num_instructions: heard so far.
    """

    def __init__(self, servos: Sequence[EmulatedServo], faults: Faults | None = None) -> None:
        self.servos = tuple(servos)
        self.baud: int | None = None
        self.num_instructions = 0
        self._faults = faults or Faults()
        self._registered: dict[EmulatedServo, tuple[int, bytes]] = {}
        self._handlers: dict[int, Callable[[Packet], list[Packet]]] = {
            Instruction.PING: self._ping,
            Instruction.READ: self._read,
            Instruction.WRITE: self._write,
            Instruction.REG_WRITE: self._reg_write,
            Instruction.ACTION: self._action,
            Instruction.REBOOT: self._reboot,
            Instruction.CLEAR: self._clear,
            Instruction.SYNC_READ: self._sync_read,
            Instruction.SYNC_WRITE: self._sync_write,
            Instruction.BULK_READ: self._bulk_read,
            Instruction.BULK_WRITE: self._bulk_write,
        }

    def respond(self, packet: Packet) -> list[Packet]:
        """Obey an instruction; the status packets it earns, in the order they go over the wire."""
        if packet.instruction == Instruction.STATUS:
            return []
        self.num_instructions += 1
        for servo in self._addressed(packet):
            servo.notice()
        handler = self._handlers.get(packet.instruction)
        if handler is not None:
            return handler(packet)
        error = StatusError.INSTRUCTION
        if packet.instruction == Instruction.FACTORY_RESET:
            error = StatusError.RESULT_FAIL  # it would lose the arm's configuration and make all servos number 1
        return [self._status(servo, error) for servo in self._addressed(packet) if self._answers(servo, packet)]

    @property
    def silent(self) -> tuple[EmulatedServo, ...]:
        """Servos that would not answer now."""
        return tuple(servo for servo in self.servos if not self._hears(servo))

    def notice(self) -> None:
        """Let every servo hear that the bus is in use, for their watchdogs."""
        for servo in self.servos:
            if self._hears(servo):
                servo.notice()

    def _hears(self, servo: EmulatedServo) -> bool:
        is_tuned = self.baud is None or servo.baud == self.baud
        return is_tuned and servo.is_awake and not self._faults.is_lost(servo)

    def _with_id(self, servo_id: int) -> EmulatedServo | None:
        for servo in self.servos:
            if servo.id == servo_id and self._hears(servo):
                return servo
        return None

    def _addressed(self, packet: Packet) -> list[EmulatedServo]:
        to_all, servo_id = packet.id == BROADCAST_ID, packet.id
        return [servo for servo in self.servos if (to_all or servo.id == servo_id) and self._hears(servo)]

    def _shadows(self, servo_id: int) -> list[EmulatedServo]:
        if servo_id > MAX_ID:
            return []
        return [
            servo
            for servo in self.servos
            if servo.secondary_id == servo_id and servo.id != servo_id and self._hears(servo)
        ]

    def _answers(self, servo: EmulatedServo, packet: Packet) -> bool:
        """Whether the servo answers an instruction addressed to it alone."""
        level = servo.memory[ct.STATUS_RETURN_LEVEL]
        return packet.id != BROADCAST_ID and level >= (1 if packet.instruction in _READING else 2)

    @staticmethod
    def _status(servo: EmulatedServo, error: int = StatusError.NONE, data: bytes = b"") -> Packet:
        return status(servo.id, error | (ALERT if servo.errors else 0), data)

    def _ping(self, packet: Packet) -> list[Packet]:
        servos = sorted(self._addressed(packet), key=lambda servo: servo.id)
        return [self._status(servo, data=_identity(servo)) for servo in servos]

    def _read(self, packet: Packet) -> list[Packet]:
        if packet.id == BROADCAST_ID:
            return []
        servos = [servo for servo in self._addressed(packet) if self._answers(servo, packet)]
        if len(packet.parameters) != _SPAN.size:
            return [self._status(servo, StatusError.DATA_LENGTH) for servo in servos]
        return [self._answer_read(servo, *_SPAN.unpack(packet.parameters)) for servo in servos]

    def _answer_read(self, servo: EmulatedServo, address: int, size: int) -> Packet:
        try:
            return self._status(servo, data=servo.read(address, size))
        except Refused as refused:
            return self._status(servo, refused.error)

    def _write(self, packet: Packet) -> list[Packet]:
        answers: list[Packet] = []
        if len(packet.parameters) < 3:
            servos = (servo for servo in self._addressed(packet) if self._answers(servo, packet))
            return [self._status(servo, StatusError.DATA_LENGTH) for servo in servos]
        address, data = int.from_bytes(packet.parameters[:2], "little"), packet.parameters[2:]
        for servo in self._addressed(packet):
            does_answer = self._answers(servo, packet)  # by the level before the write
            sender = servo.id
            try:
                servo.write(address, data)
                error = StatusError.NONE
            except Refused as refused:
                error = refused.error
            if does_answer:
                answers.append(status(sender, error | (ALERT if servo.errors else 0)))
        self._write_shadows(packet.id, address, data)
        return answers

    def _write_shadows(self, servo_id: int, address: int, data: bytes) -> None:
        if address < _FIRST_OF_RAM:
            return
        for servo in self._shadows(servo_id):
            servo.notice()
            _write_silently(servo, address, data)

    def _reg_write(self, packet: Packet) -> list[Packet]:
        address, data = int.from_bytes(packet.parameters[:2], "little"), packet.parameters[2:]
        answers: list[Packet] = []
        for servo in self._addressed(packet) + self._shadows(packet.id):
            try:
                servo.check(address, data)
                self._registered[servo] = address, data
                servo.memory[ct.REGISTERED_INSTRUCTION] = 1
                error = StatusError.NONE
            except Refused as refused:
                error = refused.error
            if packet.id == servo.id and self._answers(servo, packet):
                answers.append(self._status(servo, error))
        return answers

    def _action(self, packet: Packet) -> list[Packet]:
        answers: list[Packet] = []
        for servo in self._addressed(packet) + self._shadows(packet.id):
            registered = self._registered.pop(servo, None)
            error = StatusError.INSTRUCTION
            if registered is not None:
                servo.memory[ct.REGISTERED_INSTRUCTION] = 0
                error = _write_silently(servo, *registered)
            if packet.id == servo.id and self._answers(servo, packet):
                answers.append(self._status(servo, error))
        return answers

    def _reboot(self, packet: Packet) -> list[Packet]:
        servos = self._addressed(packet)
        answers = [self._status(servo) for servo in servos if self._answers(servo, packet)]
        for servo in servos:
            self._registered.pop(servo, None)
            servo.reboot()
        return answers

    def _clear(self, packet: Packet) -> list[Packet]:
        answers: list[Packet] = []
        for servo in self._addressed(packet):
            error = StatusError.NONE if packet.parameters == _CLEAR_TURNS else StatusError.DATA_RANGE
            try:
                if not error:
                    servo.clear_turns()
            except Refused as refused:
                error = refused.error
            if self._answers(servo, packet):
                answers.append(self._status(servo, error))
        return answers

    def _sync_read(self, packet: Packet) -> list[Packet]:
        if packet.id != BROADCAST_ID or len(packet.parameters) < _SPAN.size:
            return []
        address, size = _SPAN.unpack_from(packet.parameters)
        return self._read_in_turn(packet, [(servo_id, address, size) for servo_id in packet.parameters[_SPAN.size :]])

    def _bulk_read(self, packet: Packet) -> list[Packet]:
        if packet.id != BROADCAST_ID or len(packet.parameters) % _BULK_SPAN.size:
            return []
        return self._read_in_turn(packet, list(_BULK_SPAN.iter_unpack(packet.parameters)))

    def _read_in_turn(self, packet: Packet, spans: list[tuple[int, int, int]]) -> list[Packet]:
        answers: list[Packet] = []
        for servo_id, address, size in spans:
            servo = self._with_id(servo_id)
            if servo is None or not servo.memory[ct.STATUS_RETURN_LEVEL]:
                break
            answers.append(self._answer_read(servo, address, size))
        return answers

    def _sync_write(self, packet: Packet) -> list[Packet]:
        if packet.id != BROADCAST_ID or len(packet.parameters) < _SPAN.size:
            return []
        address, size = _SPAN.unpack_from(packet.parameters)
        rows = packet.parameters[_SPAN.size :]
        for begin in range(0, len(rows) - size, size + 1):
            self._obey_silently(rows[begin], address, rows[begin + 1 : begin + 1 + size])
        return []

    def _bulk_write(self, packet: Packet) -> list[Packet]:
        rest = packet.parameters
        while packet.id == BROADCAST_ID and len(rest) > _BULK_SPAN.size:
            servo_id, address, size = _BULK_SPAN.unpack_from(rest)
            data = rest[_BULK_SPAN.size : _BULK_SPAN.size + size]
            if len(data) < size:
                break
            self._obey_silently(servo_id, address, data)
            rest = rest[_BULK_SPAN.size + size :]
        return []

    def _obey_silently(self, servo_id: int, address: int, data: bytes) -> None:
        servo = self._with_id(servo_id)
        if servo is not None:
            _write_silently(servo, address, data)
        self._write_shadows(servo_id, address, data)


def _write_silently(servo: EmulatedServo, address: int, data: bytes) -> StatusError:
    try:
        servo.write(address, data)
    except Refused as refused:
        return refused.error
    return StatusError.NONE


def _identity(servo: EmulatedServo) -> bytes:
    """Model number and firmware version, what a ping is answered with."""
    return servo.memory.read(ct.MODEL_NUMBER.address, 2) + servo.memory.read(ct.FIRMWARE_VERSION.address, 1)
