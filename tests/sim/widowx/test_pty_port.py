import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial

from clam_robot.errors import ConfigError
from sim.widowx.pty_port import PtyPort


@pytest.fixture
def port(tmp_path: Path) -> Iterator[PtyPort]:
    port = PtyPort(tmp_path / "ttyDXL")
    yield port
    port.unplug()


def test_every_byte_passes_unchanged_both_ways(port: PtyPort) -> None:
    data = bytes(range(256))
    with serial.Serial(str(port.path), 1_000_000, timeout=20.0) as host:
        port.write(data)
        assert host.read(256) == data
        host.write(data)
        received = b""
        while len(received) < 256:
            received += port.read()
        assert received == data


@pytest.mark.parametrize("baud", [57_600, 1_000_000, 4_000_000])
def test_port_knows_the_baud_rate_of_its_host(port: PtyPort, baud: int) -> None:
    with serial.Serial(str(port.path), baud):
        assert port.baud == baud


def test_host_may_come_and_go(port: PtyPort) -> None:
    for _ in range(3):
        with serial.Serial(str(port.path), 1_000_000, timeout=20.0) as host:
            port.write(b"hello")
            assert host.read(5) == b"hello"
    assert port.read() == b""


def test_unplugged_port_is_gone_and_plugs_in_again(port: PtyPort) -> None:
    target = port.path.readlink()
    with serial.Serial(str(port.path), 1_000_000, timeout=1.0) as host:
        port.unplug()
        port.unplug()
        assert not port.path.is_symlink()
        with pytest.raises((serial.SerialException, OSError)):
            host.read(1)
    port.plug()
    assert port.path.is_symlink()
    assert os.path.lexists(target)


def test_link_replaces_an_old_link_and_never_a_file(tmp_path: Path) -> None:
    stale = tmp_path / "stale"
    stale.symlink_to(tmp_path / "nowhere")
    port = PtyPort(stale)
    assert stale.resolve().name.isdigit()
    port.unplug()
    precious = tmp_path / "precious"
    precious.write_text("mine")
    with pytest.raises(ConfigError, match="precious"):
        PtyPort(precious)
    assert precious.read_text() == "mine"


def test_the_link_of_another_port_is_left_alone(port: PtyPort) -> None:
    target = port.path.readlink()
    with pytest.raises(ConfigError, match=f"{port.path} leads to {target} already"):
        PtyPort(port.path)
    assert port.path.readlink() == target


def test_a_link_that_somebody_else_made_meanwhile_is_not_removed(port: PtyPort, tmp_path: Path) -> None:
    port.path.unlink()
    port.path.symlink_to(tmp_path)
    port.unplug()
    assert port.path.readlink() == tmp_path


def test_a_link_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"cannot make the link {tmp_path}/none/ttyDXL: No such file"):
        PtyPort(tmp_path / "none" / "ttyDXL")


def test_host_that_never_reads_does_not_block_the_twin(port: PtyPort) -> None:
    for _ in range(200):
        port.write(bytes(1000))
