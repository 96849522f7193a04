"""The port sleeps while it waits, belongs to one program, and says why it is of no use."""

import os
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from clam_robot.errors import PortUnavailable
from clam_robot.hardware.serial_port import SerialPort, holders

DEADLINE = 10.0  # generous: the machine may be busy [s]


class Cable:
    """A pseudo-terminal: a port, and the other end of its cable."""

    def __init__(self) -> None:
        self.far_end, self._near_end = os.openpty()
        tty.setraw(self._near_end)
        self.port = os.ttyname(self._near_end)
        self._is_pulled = False

    def pull(self) -> None:
        if not self._is_pulled:
            self._is_pulled = True
            os.close(self.far_end)
            os.close(self._near_end)


@pytest.fixture
def cable() -> Iterator[Cable]:
    cable = Cable()
    yield cable
    cable.pull()


@pytest.fixture
def port(cable: Cable) -> Iterator[SerialPort]:
    port = SerialPort(cable.port)
    port.open()
    yield port
    port.closePort()


def test_waiting_takes_no_processor_time(port: SerialPort) -> None:
    port.setPacketTimeoutMillis(400.0)
    begin, used = time.monotonic(), time.thread_time()
    assert port.readPort(11) == b""
    assert port.isPacketTimeout()
    waited, used = time.monotonic() - begin, time.thread_time() - used
    assert waited >= 0.39
    assert used < 0.1 * waited  # the SDK's own port: all of it


def test_bytes_that_arrive_end_the_wait(cable: Cable, port: SerialPort) -> None:
    port.setPacketTimeoutMillis(DEADLINE * 1e3)
    threading.Timer(0.05, os.write, [cable.far_end, b"abcdef"]).start()
    assert port.readPort(4) == b"abcd"
    assert not port.isPacketTimeout()
    assert port.readPort(4) == b"ef"


def test_what_came_before_is_forgotten_on_request(cable: Cable, port: SerialPort) -> None:
    os.write(cable.far_end, b"old")
    port.setPacketTimeoutMillis(DEADLINE * 1e3)
    assert port.readPort(1) == b"o"
    port.clearPort()
    port.setPacketTimeoutMillis(0.0)
    assert port.readPort(2) == b""


def test_an_impossible_length_gives_nothing_and_does_not_wait(port: SerialPort) -> None:
    port.setPacketTimeoutMillis(DEADLINE * 1e3)
    begin = time.monotonic()
    assert port.readPort(-1) == b""
    assert time.monotonic() - begin < DEADLINE / 2


def test_a_full_buffer_is_waited_for_and_every_byte_arrives(cable: Cable, port: SerialPort) -> None:
    sent = bytes(range(256)) * 400  # more than any buffer of the system holds
    writer = threading.Thread(target=lambda: port.writePort(list(sent)), daemon=True)
    writer.start()
    received = bytearray()
    while len(received) < len(sent):
        received += os.read(cable.far_end, 4096)
    writer.join(DEADLINE)
    assert received == sent


def test_a_port_that_nobody_empties_is_an_error(port: SerialPort) -> None:
    with pytest.raises(PortUnavailable, match="it takes no more bytes"):
        for _ in range(1000):
            port.writePort([0] * 1000)


def test_a_second_program_is_kept_out_and_told_who_has_it(cable: Cable, port: SerialPort) -> None:
    with pytest.raises(PortUnavailable, match=f"{cable.port} is in use by"):
        SerialPort(cable.port).open()


@pytest.mark.parametrize(("keeps", "is_named"), [("both", False), ("port", True)])
def test_of_a_pseudo_terminal_its_users_are_named_and_not_its_emulator(
    cable: Cable, keeps: str, is_named: bool
) -> None:
    words = [sys.executable, "-c", _HOLDER, keeps, cable.port]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        port = holder.stdout.readline().strip()
        assert (f"({holder.pid})" in holders(port)) == is_named
        holder.communicate()


# Keeps both ends of a pseudo-terminal of its own open, or one that is given, until its input ends.
_HOLDER = """
import os, sys
keeps, port = sys.argv[1:]
if keeps == "both":
    port = os.ttyname(os.openpty()[1])
else:
    kept = os.open(port, os.O_RDWR | os.O_NOCTTY)
print(port, flush=True)
sys.stdin.read()
"""


def test_a_closed_port_can_be_opened_again(cable: Cable, port: SerialPort) -> None:
    port.closePort()
    port.closePort()
    with pytest.raises(PortUnavailable, match="open the bus first"):
        port.clearPort()
    port.open()
    assert port.is_open


def test_a_missing_port_is_named_with_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(PortUnavailable, match=f"no port {tmp_path}/ttyDXL; plug in the arm's USB adapter"):
        SerialPort(str(tmp_path / "ttyDXL")).open()


def test_a_file_is_no_port(tmp_path: Path) -> None:
    path = tmp_path / "ttyDXL"
    path.touch()
    with pytest.raises(PortUnavailable, match=f"cannot open {path}"):
        SerialPort(str(path)).open()


def test_a_pulled_cable_is_an_error_at_once(cable: Cable, port: SerialPort) -> None:
    cable.pull()
    port.setPacketTimeoutMillis(DEADLINE * 1e3)
    begin = time.monotonic()
    with pytest.raises(PortUnavailable, match="was lost while in use"):
        port.readPort(11)
    assert time.monotonic() - begin < DEADLINE / 2


def test_holders_are_named_by_program_and_process(tmp_path: Path) -> None:
    held = tmp_path / "held"
    held.touch()
    with held.open() as own:
        assert holders(str(held)) == ""  # of this process it says nothing
        child = os.posix_spawn(
            "/bin/sleep", ["sleep", "60"], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, own.fileno(), 9)]
        )
    try:
        assert holders(str(held)) == f"sleep ({child})"
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
