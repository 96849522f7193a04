"""The keyboard of a terminal: keys move for a moment, repeats go on, and the terminal is as it was."""

import termios
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from clam_robot.errors import DeviceUnavailable
from clam_robot.hardware.stop_latch import StopLatch
from clam_robot.timing import ManualClock
from teleop.device import AT_REST, Event, Fingers, Motion, TeleopDevice
from teleop.keyboard import AXES, HELP, SPEEDS, KeyboardConfig, KeyboardDevice
from teleop.stop_keys import StopKeys
from teleop.terminal_keys import TerminalKeys
from teleop.testing import TeleopDeviceContract
from tests.teleop.terminals import Terminal, terminal, wait_until


class Keyboard(KeyboardDevice):
    """Counts what it was told, so that a test knows when its keys have arrived."""

    num_heard = 0

    def hear(self, keys: Sequence[str]) -> Sequence[str]:
        others = super().hear(keys)
        self.num_heard += len(keys)
        return others


class TestKeyboardDevice(TeleopDeviceContract):
    can_be_lost = False

    @pytest.fixture(autouse=True)
    def a_terminal(self) -> Iterator[None]:
        with terminal() as self.terminal:
            yield

    def make_device(self) -> TeleopDevice:
        self.clock = ManualClock()
        self.device = Keyboard(TerminalKeys(self.terminal.program), self.clock)
        return self.device

    def push(self) -> None:
        before = self.device.num_heard
        self.terminal.press(b"w")
        wait_until(lambda: self.device.num_heard > before)

    def let_go(self) -> None:
        self.clock.advance(10.0)

    def wait(self, device: TeleopDevice, *, is_alive: bool = True, is_moving: bool = False) -> Motion:
        motion = device.read()
        assert motion.is_alive is is_alive
        assert (motion.twist != AT_REST) is is_moving
        return motion


class Desk:
    """A keyboard at a terminal, with what was pressed already heard."""

    def __init__(self, terminal: Terminal, *, latch: StopLatch | None = None) -> None:
        self.clock = ManualClock()
        self.terminal = terminal
        self.keys = TerminalKeys(terminal.program)
        if latch is not None:
            self.keys.listen(StopKeys(latch))
        self.device = Keyboard(self.keys, self.clock)

    def press(self, keys: bytes, count: int = 1) -> None:
        before = self.device.num_heard
        self.terminal.press(keys)
        wait_until(lambda: self.device.num_heard >= before + count)


@pytest.fixture
def desk() -> Iterator[Desk]:
    with terminal() as found:
        desk = Desk(found)
        desk.device.open()
        yield desk
        desk.device.close()


SETUP = KeyboardConfig()


@pytest.mark.parametrize("key", sorted(AXES))
def test_every_key_of_the_help_moves_its_axis(desk: Desk, key: str) -> None:
    sent = {"up": b"\x1b[A", "down": b"\x1b[B", "right": b"\x1b[C", "left": b"\x1b[D"}
    sent |= {"page up": b"\x1b[5~", "page down": b"\x1b[6~"}
    axis, direction = AXES[key]
    for pressed in {sent.get(key, key.encode()), sent.get(key, key.upper().encode())}:
        desk.press(pressed)
        twist = desk.device.read().twist
        assert twist[axis] == direction
        assert sum(map(abs, twist)) == 1.0
        desk.clock.advance(10.0)


def test_a_tap_moves_for_a_moment(desk: Desk) -> None:
    desk.press(b"w")
    desk.clock.advance(SETUP.tap * 0.99)
    assert desk.device.read().twist[0] == 1.0
    desk.clock.advance(SETUP.tap * 0.02)
    assert desk.device.read().twist == AT_REST


def test_a_held_key_moves_on_until_its_repeats_end(desk: Desk) -> None:
    desk.press(b"w")
    desk.clock.advance(0.5)  # the terminal waits before it repeats
    for _ in range(40):
        desk.press(b"w")
        assert desk.device.read().twist[0] == 1.0
        desk.clock.advance(0.033)
    desk.clock.advance(SETUP.hold - 0.034)
    assert desk.device.read().twist[0] == 1.0
    desk.clock.advance(0.01)
    assert desk.device.read().twist == AT_REST


def test_keys_that_were_pressed_while_nobody_read_are_no_motion_any_more(desk: Desk) -> None:
    desk.press(b"wwwwdddd", count=8)
    desk.clock.advance(5.0)
    assert desk.device.read().twist == AT_REST


def test_opposite_keys_cancel_and_different_ones_add(desk: Desk) -> None:
    desk.press(b"wsai", count=4)
    assert desk.device.read().twist == (0.0, 1.0, 0.0, 0.0, 1.0, 0.0)


def test_what_is_said_is_said_once_however_long_its_key_is_held(desk: Desk) -> None:
    desk.press(b"gn\r", count=3)
    for _ in range(30):
        desk.press(b"gn", count=2)
        desk.clock.advance(0.033)
    motion = desk.device.read()
    assert motion.gripper is Fingers.TOGGLE
    assert motion.events == (Event.REDO, Event.START)
    assert desk.device.read().gripper is None
    desk.clock.advance(1.0)
    desk.press(b"g")
    assert desk.device.read().gripper is Fingers.TOGGLE


def test_speed_goes_up_and_down_between_its_ends(desk: Desk) -> None:
    desk.press(b"++++", count=4)
    assert desk.device.read().speed == SPEEDS[-1]
    desk.press(b"-")
    assert desk.device.read().speed == SPEEDS[-2]
    desk.press(b"------", count=6)
    assert desk.device.read().speed == SPEEDS[0]


@pytest.mark.parametrize(("key", "stops"), [(b"w", False), (b"g", False), (b"z", True), (b"\x1b[15~", True)])
def test_one_reader_moves_and_stops(key: bytes, stops: bool) -> None:
    latch = StopLatch()
    with terminal() as found:
        desk = Desk(found, latch=latch)
        with desk.keys:
            desk.device.open()
            desk.press(key)
            desk.press(b"w")  # so that the keys before it have been heard by all
            assert (latch.cause is not None) is stops
            if stops:
                desk.press(b"c")
                assert latch.wait_until_clear(20.0)


def test_the_space_bar_asks_for_a_stop(desk: Desk) -> None:
    desk.press(b" ")
    assert desk.device.read().events == (Event.STOP,)


def test_a_terminal_that_hangs_up_is_no_motion(desk: Desk) -> None:
    desk.press(b"w")
    desk.terminal.hang_up()
    wait_until(lambda: not desk.device.read().is_alive)
    assert desk.device.read().twist == AT_REST


def test_the_terminal_is_as_it_was_when_the_last_user_leaves() -> None:
    with terminal() as found:
        before = termios.tcgetattr(found.program)
        desk = Desk(found, latch=StopLatch())
        with pytest.raises(RuntimeError, match="of the robot"), desk.keys:
            desk.device.open()
            desk.device.close()
            assert termios.tcgetattr(found.program) != before
            desk.device.open()
            raise RuntimeError("a fault of the robot")
        assert termios.tcgetattr(found.program) == before
        assert not desk.keys.is_open


def test_without_a_terminal_it_says_what_to_do() -> None:
    with Path("/dev/null").open() as nothing:
        device = KeyboardDevice(TerminalKeys(nothing), ManualClock())
        with pytest.raises(DeviceUnavailable, match="ssh -t"):
            device.open()


def test_the_help_names_every_axis() -> None:
    for key in "wsadeqouikjl":
        assert f"{key}/" in HELP or f"/{key} " in HELP
