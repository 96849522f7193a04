"""A gamepad, by pygame (SDL), which knows the layout of most pads.

Left stick: forwards, left. Right stick: up, yaw. Cross: pitch, roll. Right shoulder held: the clutch. Left shoulder
held: slow. A: gripper. B: stop. X: keep, Y: redo, start: start, back: discard, stick pressed: left success, right
failure.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from clam_robot import config
from clam_robot.errors import ConfigError, DeviceUnavailable
from teleop.device import Event, Fingers, GripperCommand, Motion, Twist, silent

# SDL's numbers of a controller's axes and buttons, which are the same for every pad that it knows.
LEFT_X, LEFT_Y, RIGHT_X, RIGHT_Y = 0, 1, 2, 3
A, B, X, Y, BACK, GUIDE, START, LEFT_STICK, RIGHT_STICK, LEFT_SHOULDER, RIGHT_SHOULDER = range(11)
UP, DOWN, LEFT, RIGHT = 11, 12, 13, 14
EVENTS = {
    B: Event.STOP,
    X: Event.KEEP,
    Y: Event.REDO,
    START: Event.START,
    BACK: Event.DISCARD,
    LEFT_STICK: Event.SUCCESS,
    RIGHT_STICK: Event.FAILURE,
    GUIDE: Event.QUIT,
}
_FULL = 32767.0
# No window, input although there is none, and Ctrl-C left to the program.
_SETTINGS = {
    "SDL_VIDEODRIVER": "dummy",
    "SDL_JOYSTICK_ALLOW_BACKGROUND_EVENTS": "1",
    "SDL_NO_SIGNAL_HANDLERS": "1",
}


@dataclass(frozen=True, kw_only=True)
class GamepadConfig(config.Strict):
    """How a pad is read.

    Attributes:
        index: which of several, counted from 0.
        clutch: whether the right shoulder must be held to move.
        slow: share of the set speed while the left shoulder is held.
    """

    index: int = 0
    clutch: bool = True
    slow: float = 0.3

    def __post_init__(self) -> None:
        if self.index < 0:
            raise ConfigError(f"index: expected 0 or more, found {self.index}")
        if not 0.0 < self.slow <= 1.0:
            raise ConfigError(f"slow: expected above 0 and at most 1, found {self.slow}")


class GamepadDevice:
    """A `TeleopDevice`. Opened, read and closed by one thread, as SDL asks for; only one may be open at a time."""

    def __init__(self, setup: GamepadConfig | None = None) -> None:
        self._setup = setup or GamepadConfig()
        self._pad: Any = None
        self._number = -1  # SDL's of the pad
        self._is_open = False

    def open(self) -> None:
        if self._is_open:
            return
        start_sdl()
        try:
            if not self._find():
                raise DeviceUnavailable(_missing(self._setup.index))
        except BaseException:
            stop_sdl()
            raise
        self._is_open = True
        self._events()  # what came before

    def close(self) -> None:
        if not self._is_open:
            return
        self._is_open = False
        self._drop()
        stop_sdl()

    def read(self) -> Motion:
        if not self._is_open:
            raise DeviceUnavailable("the gamepad is not open; call open() first")
        pressed = self._events()
        if self._pad is not None and not self._pad.attached():
            self._drop()
        if self._pad is None and not self._find():
            return silent("the gamepad is unplugged")
        pad: Any = self._pad
        gripper: GripperCommand | None = Fingers.TOGGLE if pressed.count(A) % 2 else None
        return Motion(
            twist=_twist(pad),
            gripper=gripper,
            clutch=not self._setup.clutch or bool(pad.get_button(RIGHT_SHOULDER)),
            speed=self._setup.slow if pad.get_button(LEFT_SHOULDER) else 1.0,
            events=tuple(EVENTS[button] for button in pressed if button in EVENTS),
            note="" if pad.get_button(RIGHT_SHOULDER) or not self._setup.clutch else "hold the right shoulder to move",
        )

    def _find(self) -> bool:
        from pygame._sdl2 import controller

        pads = list(_pads())
        if len(pads) <= self._setup.index:
            return False
        self._pad = controller.Controller(pads[self._setup.index][0])
        self._number = self._pad.as_joystick().get_instance_id()
        return True

    def _drop(self) -> None:
        if self._pad is not None:
            self._pad.quit()
            self._pad = None

    def _events(self) -> list[int]:
        """Buttons of this pad pressed since the last call."""
        import pygame

        downs = pygame.event.get(pygame.CONTROLLERBUTTONDOWN)
        pressed = [event.button for event in downs if event.instance_id == self._number]
        pygame.event.clear()
        return pressed


# How many hear of pads: SDL itself does not count.
_users = 0


def start_sdl() -> None:
    """Begin to hear of pads; the environment is as before."""
    global _users
    with _environment({"PYGAME_HIDE_SUPPORT_PROMPT": "1"}):
        import pygame
        from pygame._sdl2 import controller
    _users += 1
    if _users == 1:
        with _environment(_SETTINGS):
            pygame.display.init()
            pygame.joystick.init()
            controller.init()
    pygame.event.pump()


def stop_sdl() -> None:
    """Hear of pads no more, where nobody else does."""
    global _users
    import pygame
    from pygame._sdl2 import controller

    _users -= 1
    if not _users:
        controller.quit()
        pygame.joystick.quit()
        pygame.display.quit()


def list_pads() -> list[str]:
    """Names of the pads that are connected; those without a known layout say so."""
    start_sdl()
    try:
        from pygame._sdl2 import controller

        names = [name for _, name in _pads()]
        strange = [name for index, name in _joysticks() if not controller.is_controller(index)]
        return names + [f"{name} (unknown layout: set SDL_GAMECONTROLLERCONFIG)" for name in strange]
    finally:
        stop_sdl()


def _pads() -> Iterator[tuple[int, str]]:
    from pygame._sdl2 import controller

    return ((index, name) for index, name in _joysticks() if controller.is_controller(index))


def _joysticks() -> Iterator[tuple[int, str]]:
    import pygame

    for index in range(pygame.joystick.get_count()):
        yield index, pygame.joystick.Joystick(index).get_name()


def missing() -> str:
    """What to do where there is none."""
    return (
        "no gamepad is connected; plug one in or pair it, and let this user read it: "
        "sudo usermod -aG input $USER, then log in again"
    )


def _missing(index: int) -> str:
    there = [name for _, name in _joysticks()]
    known = [name for _, name in _pads()]
    if there and not known:
        return (
            f"{there[0]} is connected, but its layout is unknown; set SDL_GAMECONTROLLERCONFIG to its line of SDL's "
            "controller database"
        )
    if known:
        return f"there is no gamepad number {index}; connected are {', '.join(known)}, counted from 0"
    return missing()


def _twist(pad: Any) -> Twist:  # noqa: ANN401
    def stick(axis: int) -> float:  # to the right and down is positive
        return max(-1.0, min(1.0, -pad.get_axis(axis) / _FULL))

    def cross(positive: int, negative: int) -> float:
        return float(pad.get_button(positive)) - float(pad.get_button(negative))

    return (
        stick(LEFT_Y),
        stick(LEFT_X),
        stick(RIGHT_Y),
        cross(RIGHT, LEFT),
        cross(UP, DOWN),
        stick(RIGHT_X),
    )


@contextmanager
def _environment(settings: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})
