"""Whatever comes over the wire, the bus client gives right values or a named error."""

from hypothesis import given
from hypothesis import strategies as st

from clam_robot.errors import DriverError
from clam_robot.hardware import control_table as table
from clam_robot.hardware.serial_port import SerialPort
from clam_robot.hardware.servo_bus import ServoBus
from sim.widowx.packet import status

IDS = [1, 2, 3]
HEADER = b"\xff\xff\xfd\x00"


class ScriptedPort(SerialPort):
    """Answers every packet with the same bytes, then with silence."""

    def __init__(self, answer: bytes) -> None:
        super().__init__("scripted")
        self.answer, self.rest = answer, b""

    def clearPort(self) -> None:
        self.rest = b""

    def writePort(self, packet: list[int]) -> int:
        self.rest = self.answer
        return len(packet)

    def readPort(self, length: int) -> bytes:
        taken, self.rest = self.rest[: max(0, length)], self.rest[max(0, length) :]
        return taken

    def isPacketTimeout(self) -> bool:
        return not self.rest


def packets() -> st.SearchStrategy[bytes]:
    """Garbage, garbage that begins like a packet, and true packets with a bit or a byte wrong."""
    true = st.builds(status, st.sampled_from(IDS), st.integers(0, 255), st.binary(max_size=12)).map(
        lambda packet: packet.to_bytes()
    )
    damaged = st.builds(
        lambda packet, at, value: packet[: at % len(packet)] + bytes([value]) + packet[at % len(packet) + 1 :],
        true,
        st.integers(0, 40),
        st.integers(0, 255),
    )
    return st.one_of(st.binary(max_size=40), st.binary(max_size=20).map(lambda data: HEADER + data), true, damaged)


@given(st.lists(packets(), max_size=6).map(b"".join))
def test_no_answer_breaks_the_client(answer: bytes) -> None:
    bus = ServoBus(ScriptedPort(answer), retries=1)
    requests = (
        lambda: bus.ping(1),
        lambda: bus.read(2, table.PRESENT_POSITION),
        lambda: bus.write(3, table.LED, 1),
        lambda: bus.read_all(IDS, table.PRESENT_CURRENT, table.PRESENT_POSITION),
        lambda: bus.reboot(1),
    )
    for request in requests:
        try:
            found = request()
        except DriverError:
            continue
        if isinstance(found, dict):
            assert {len(reply.data) for reply in found.values()} == {10}


@given(st.binary(min_size=1, max_size=12), st.sampled_from(IDS), st.booleans())
def test_a_true_answer_is_taken_whatever_its_bytes(data: bytes, servo_id: int, is_alert: bool) -> None:
    """Also where they look like the header of a packet, which is stuffed on the wire."""
    register = table.Register("Scripted", 100, len(data))
    port = ScriptedPort(status(servo_id, 0x80 if is_alert else 0, data).to_bytes())
    found = ServoBus(port).read_all([servo_id], register, register)[servo_id]
    assert (found.data, found.is_alert) == (data, is_alert)
