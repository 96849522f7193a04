"""The half-duplex wire between host and servos: when which bytes arrive."""

import logging
from collections import deque
from collections.abc import Callable

from clam_robot.hardware import control_table as ct
from sim.widowx.bus import EmulatedBus
from sim.widowx.faults import Faults
from sim.widowx.packet import Packet
from sim.widowx.packet_reader import PacketReader

logger = logging.getLogger(__name__)

BITS_PER_BYTE = 10  # start, eight, stop
RETURN_DELAY_UNIT = 2e-6  # [s]


class Wire:
    """Takes bytes from the host and says when the servos' answers are back.

    A byte takes ten bits at the host's baud rate either way, an answer begins after the servo's Return_Delay_Time, and
    one servo speaks after the other; the adapter hands over what an instruction is answered with in one piece. A host
    that speaks while answers are on their way destroys them, as on one wire. A servo set to another baud rate hears
    nothing it understands.

    Attributes:
        reader: finds the packets in what the host sends.
        num_collisions: answers destroyed by a host that did not wait.
    """

    def __init__(
        self, bus: EmulatedBus, faults: Faults, *, before_packet: Callable[[float], None] | None = None
    ) -> None:
        """Connect a bus.

        Args:
            bus: the servos.
            faults: what is wrong with it.
            before_packet: told the time [s] before an instruction is obeyed, to let the physics catch up.
        """
        self.reader = PacketReader()
        self.num_collisions = 0
        self._bus = bus
        self._faults = faults
        self._before_packet = before_packet
        self._answers: deque[tuple[float, bytes]] = deque()
        self._told_baud: int | None = None

    @property
    def next_due(self) -> float | None:
        """When the next answer is back [s], None when none is under way."""
        return self._answers[0][0] if self._answers else None

    def send(self, data: bytes, now: float, baud: int) -> None:
        """The host sends bytes.

        Args:
            data: any piece of what it has to say.
            now: when [s].
            baud: at which rate, 0 for one that no servo has [bit/s].
        """
        packets = self.reader.feed(data)
        if not packets:
            return
        if self._answers:
            self.num_collisions += len(self._answers)
            self._answers.clear()
        if not self._is_understood(baud):
            return
        self._bus.baud = baud
        if self._before_packet is not None:
            self._before_packet(now)
        due = now + len(data) * BITS_PER_BYTE / baud
        for packet in packets:
            due = self._obey(packet, due, baud)

    def receive(self, now: float) -> bytes:
        """Bytes that are back by now."""
        arrived = bytearray()
        while self._answers and self._answers[0][0] <= now:
            arrived += self._answers.popleft()[1]
        return bytes(arrived)

    def clear(self) -> None:
        """Nothing is on the wire any more."""
        self._answers.clear()
        self.reader.clear()

    def _obey(self, packet: Packet, due: float, baud: int) -> float:
        if self._faults.spoils_packets and self._is_spoilt(packet):
            return due
        due += self._faults.latency
        arriving = bytearray()
        for answer in self._bus.respond(packet):
            data = answer.to_bytes()
            due += self._return_delay(answer.id) + len(data) * BITS_PER_BYTE / baud
            arriving += self._faults.pass_over(data)
        if arriving:
            self._answers.append((due, bytes(arriving)))
        return due

    def _is_spoilt(self, packet: Packet) -> bool:
        data = packet.to_bytes()
        return self._faults.pass_over(data) != data

    def _return_delay(self, servo_id: int) -> float:
        for servo in self._bus.servos:
            if servo.id == servo_id:
                return servo.memory[ct.RETURN_DELAY_TIME] * RETURN_DELAY_UNIT
        return 0.0

    def _is_understood(self, baud: int) -> bool:
        """Whether any servo listens at this rate; says once when none does."""
        speeds = sorted({servo.baud for servo in self._bus.servos})
        if baud in speeds:
            self._told_baud = None
            return True
        if baud != self._told_baud:
            self._told_baud = baud
            listening = " and ".join(str(speed) for speed in speeds)
            logger.warning("the host speaks at %d baud, the servos listen at %s and stay silent", baud, listening)
        return False
