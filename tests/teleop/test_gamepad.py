"""A gamepad through pygame and SDL themselves, with a pad that SDL makes."""

import os
from collections.abc import Iterator

import pytest

from clam_robot.errors import DeviceUnavailable
from clam_robot.hardware.stop_latch import StopLatch
from clam_robot.timing import MonotonicClock
from teleop import gamepad
from teleop.background import BackgroundDevice
from teleop.device import AT_REST, Event, Fingers, Motion, TeleopDevice
from teleop.gamepad import GamepadConfig, GamepadDevice, list_pads, start_sdl, stop_sdl
from teleop.testing import TeleopDeviceContract
from tests.teleop.terminals import wait_until
from tests.teleop.virtual_pads import VirtualPad

pytest.importorskip("pygame")


@pytest.fixture
def sdl() -> Iterator[None]:
    start_sdl()
    yield
    stop_sdl()


@pytest.fixture
def pad(sdl: None) -> Iterator[VirtualPad]:
    pad = VirtualPad()
    yield pad
    pad.unplug()


@pytest.fixture
def device(pad: VirtualPad) -> Iterator[GamepadDevice]:
    device = GamepadDevice()
    device.open()
    device.read()
    yield device
    device.close()


class TestGamepadDevice(TeleopDeviceContract):
    @pytest.fixture(autouse=True)
    def a_pad(self, pad: VirtualPad) -> None:
        self.pad = pad

    def make_device(self) -> TeleopDevice:
        return GamepadDevice()

    def push(self) -> None:
        self.pad.axis(gamepad.LEFT_Y, -0.8)

    def let_go(self) -> None:
        self.pad.axis(gamepad.LEFT_Y, 0.0)

    def unplug(self) -> None:
        self.pad.unplug()

    def plug_in(self) -> None:
        self.pad.plug_in()

    def wait(self, device: TeleopDevice, *, is_alive: bool = True, is_moving: bool = False) -> Motion:
        for _ in range(3):
            motion = device.read()
        assert motion.is_alive is is_alive
        assert (motion.twist != AT_REST) is is_moving
        return motion


@pytest.mark.parametrize(
    ("axis", "share", "moved", "sign"),
    [
        (gamepad.LEFT_Y, -1.0, 0, 1.0),  # pushed away from the person: forwards
        (gamepad.LEFT_X, -1.0, 1, 1.0),
        (gamepad.RIGHT_Y, -1.0, 2, 1.0),
        (gamepad.RIGHT_X, 1.0, 5, -1.0),
    ],
)
def test_sticks(device: GamepadDevice, pad: VirtualPad, axis: int, share: float, moved: int, sign: float) -> None:
    pad.axis(axis, share)
    twist = device.read().twist
    assert twist[moved] == pytest.approx(sign, abs=1e-4)
    assert sum(map(abs, twist)) == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize(
    ("button", "moved", "sign"),
    [(gamepad.UP, 4, 1.0), (gamepad.DOWN, 4, -1.0), (gamepad.RIGHT, 3, 1.0), (gamepad.LEFT, 3, -1.0)],
)
def test_the_cross_turns(device: GamepadDevice, pad: VirtualPad, button: int, moved: int, sign: float) -> None:
    pad.button(button, True)
    assert device.read().twist[moved] == sign
    pad.button(button, False)
    assert device.read().twist == AT_REST


def test_the_clutch_is_the_right_shoulder_held(device: GamepadDevice, pad: VirtualPad) -> None:
    assert not device.read().clutch
    assert "right shoulder" in device.read().note
    pad.button(gamepad.RIGHT_SHOULDER, True)
    assert device.read().clutch
    pad.button(gamepad.RIGHT_SHOULDER, False)
    assert not device.read().clutch


def test_the_left_shoulder_is_slow(device: GamepadDevice, pad: VirtualPad) -> None:
    assert device.read().speed == 1.0
    pad.button(gamepad.LEFT_SHOULDER, True)
    assert device.read().speed == GamepadConfig().slow


@pytest.mark.parametrize(("button", "event"), sorted(gamepad.EVENTS.items()))
def test_buttons_say_something_once_though_they_were_let_go_again(
    device: GamepadDevice, pad: VirtualPad, button: int, event: Event
) -> None:
    import pygame

    for is_down in (True, False):
        pad.button(button, is_down)
        pygame.event.pump()
    assert device.read().events == (event,)
    assert device.read().events == ()


def test_a_toggles_the_gripper_each_time_it_is_pressed(device: GamepadDevice, pad: VirtualPad) -> None:
    pad.button(gamepad.A, True)
    assert device.read().gripper is Fingers.TOGGLE
    assert device.read().gripper is None


def test_a_pad_without_a_layout_is_named_with_the_remedy(sdl: None) -> None:
    pad = VirtualPad(has_layout=False)
    try:
        with pytest.raises(DeviceUnavailable, match="SDL_GAMECONTROLLERCONFIG"):
            GamepadDevice().open()
        assert "unknown layout" in list_pads()[0]
    finally:
        pad.unplug()


def test_no_pad_and_too_few_pads_are_different_things(sdl: None) -> None:
    with pytest.raises(DeviceUnavailable, match="plug one in"):
        GamepadDevice().open()
    pad = VirtualPad()
    try:
        with pytest.raises(DeviceUnavailable, match="number 1"):
            GamepadDevice(GamepadConfig(index=1)).open()
    finally:
        pad.unplug()


def test_the_environment_is_left_alone() -> None:
    before = dict(os.environ)
    assert list_pads() == []
    assert dict(os.environ) == before


def test_read_in_the_background_its_stop_needs_nobody_who_asks(sdl: None, pad: VirtualPad) -> None:
    latch = StopLatch()
    device = BackgroundDevice(GamepadDevice(), MonotonicClock(), latch=latch, stale_after=10.0)
    device.open()
    try:
        pad.axis(gamepad.LEFT_X, 1.0)
        wait_until(lambda: device.read().twist[1] < -0.9)
        pad.button(gamepad.B, True)
        wait_until(lambda: latch.cause is not None)
        pad.unplug()
        wait_until(lambda: not device.read().is_alive)
        pad.plug_in()
        wait_until(lambda: device.read().is_alive)
    finally:
        device.close()
