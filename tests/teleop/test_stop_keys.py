"""Any key stops the arm; the terminal is left as it was found."""

import os
import pty
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import pytest

from clam_robot.hardware.stop_latch import StopLatch
from teleop.stop_keys import StopKeys
from teleop.terminal_keys import TerminalKeys

PATIENCE = 20.0


@pytest.fixture
def terminal() -> Iterator[tuple[int, TextIO]]:
    """The keyboard's end, and the program's."""
    keyboard, program = pty.openpty()
    with os.fdopen(program, "r") as stream:
        yield keyboard, stream
    os.close(keyboard)


@contextmanager
def stop_keys(latch: StopLatch, stream: TextIO) -> Iterator[TerminalKeys]:
    keys = TerminalKeys(stream)
    keys.listen(StopKeys(latch))
    with keys:
        yield keys


def wait_for(latch: StopLatch, *, stopped: bool) -> None:
    deadline = time.monotonic() + PATIENCE
    while (latch.cause is not None) is not stopped:
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


CONTROL = [b"\x1a", b"\x1c", b"\x13", b"\x11"]  # Ctrl-Z, Ctrl-\\, Ctrl-S, Ctrl-Q


@pytest.mark.parametrize("key", [b" ", b"x", b"\n", b"c", b"cc", b"\x1b[A", b"\x1b", "ö".encode(), b"\xff", *CONTROL])
def test_any_key_stops_the_arm(terminal: tuple[int, TextIO], key: bytes) -> None:
    keyboard, stream = terminal
    latch = StopLatch()
    with stop_keys(latch, stream):
        os.write(keyboard, key)
        wait_for(latch, stopped=True)


def test_c_clears_a_stop_and_other_keys_do_not(terminal: tuple[int, TextIO]) -> None:
    keyboard, stream = terminal
    latch = StopLatch()
    with stop_keys(latch, stream):
        latch.stop()
        os.write(keyboard, b"x")
        assert not latch.wait_until_clear(0.2)
        os.write(keyboard, b"c")
        assert latch.wait_until_clear(PATIENCE)


def test_the_terminal_is_as_it_was(terminal: tuple[int, TextIO]) -> None:
    _, stream = terminal
    before = termios.tcgetattr(stream)
    with pytest.raises(RuntimeError, match="of the robot"), stop_keys(StopLatch(), stream):
        assert termios.tcgetattr(stream) != before
        raise RuntimeError("a fault of the robot")
    assert termios.tcgetattr(stream) == before


def test_a_terminal_that_closes_stops_the_arm() -> None:
    keyboard, program = pty.openpty()
    latch = StopLatch()
    with os.fdopen(program, "r") as stream, stop_keys(latch, stream):
        os.close(keyboard)
        wait_for(latch, stopped=True)


def test_what_is_no_terminal_is_left_alone() -> None:
    latch = StopLatch()
    with Path(os.devnull).open() as nothing, stop_keys(latch, nothing) as keys:
        assert not keys.is_open
    assert latch.cause is None
