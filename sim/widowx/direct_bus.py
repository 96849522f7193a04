"""The drivers' servo bus with the emulated servos at its other end, in this process: no port, no waiting."""

from collections.abc import Mapping, Sequence

from clam_robot.errors import ServoRefused, ServoSilent
from clam_robot.hardware.control_table import Register
from clam_robot.hardware.serial_port import SerialPort
from clam_robot.hardware.servo_bus import Reply, ServoBus, name_of
from sim.widowx.bus import EmulatedBus
from sim.widowx.packet import ALERT, BROADCAST_ID, Instruction, Packet, StatusError
from sim.widowx.packet_reader import PacketReader


class DirectPort(SerialPort):
    """A port on which every answer is there as soon as the question is written, or never comes."""

    def __init__(self, bus: EmulatedBus) -> None:
        super().__init__("the simulated arm")
        self._bus = bus
        self._reader = PacketReader()
        self._answers = bytearray()

    def open(self) -> None:
        """Begin with an empty line."""
        self._answers.clear()
        self.is_open, self.is_using = True, False

    def set_baud(self, baud: int) -> None:
        """There is no wire whose speed could be wrong."""

    def closePort(self) -> None:  # noqa: N802
        """Give it back. May be called twice."""
        self.is_open = False

    def clearPort(self) -> None:  # noqa: N802
        """Forget what was answered."""
        self._answers.clear()

    def writePort(self, packet: list[int]) -> int:  # noqa: N802
        """Send a packet and return how many bytes went out."""
        for instruction in self._reader.feed(bytes(packet)):
            for answer in self._bus.respond(instruction):
                self._answers += answer.to_bytes()
        return len(packet)

    def readPort(self, length: int) -> bytes:  # noqa: N802
        """Up to `length` bytes."""
        taken = bytes(self._answers[: max(0, length)])
        del self._answers[: len(taken)]
        return taken

    def isPacketTimeout(self) -> bool:  # noqa: N802
        """What is not there will not come."""
        return not self._answers


class DirectBus(ServoBus):
    """Requests to one servo go through the maker's SDK; those to several, made in every period, past it."""

    def __init__(self, bus: EmulatedBus) -> None:
        super().__init__(DirectPort(bus), retries=0)
        self._emulated = bus

    def read_all(self, ids: Sequence[int], first: Register, last: Register) -> dict[int, Reply]:
        """As that of the drivers' bus."""
        self.num_requests += 1
        size = last.address + last.size - first.address
        answers = self._emulated.respond(
            Packet(
                id=BROADCAST_ID,
                instruction=Instruction.SYNC_READ,
                parameters=_word(first.address) + _word(size) + bytes(ids),
            )
        )
        replies: dict[int, Reply] = {}
        for answer in answers:
            error = answer.parameters[0]
            if error & ~ALERT:
                reason = StatusError(error & ~ALERT).name.lower().replace("_", " ")
                raise ServoRefused(
                    f"{name_of(answer.id)} refused a read of {first.name} to {last.name}: {reason} error"
                )
            replies[answer.id] = Reply(answer.parameters[1:], bool(error & ALERT))
        if len(replies) < len(ids):
            silent = name_of(ids[len(answers)])
            raise ServoSilent(f"{silent} does not answer; repair its fault, or wait until it has restarted")
        return replies

    def write_all(self, register: Register, values: Mapping[int, int]) -> None:
        """As that of the drivers' bus."""
        self.num_requests += 1
        rows = b"".join(
            bytes((servo_id,)) + value.to_bytes(register.size, "little", signed=register.is_signed)
            for servo_id, value in values.items()
        )
        head = _word(register.address) + _word(register.size)
        self._emulated.respond(Packet(id=BROADCAST_ID, instruction=Instruction.SYNC_WRITE, parameters=head + rows))


def _word(value: int) -> bytes:
    return value.to_bytes(2, "little")
