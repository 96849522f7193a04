"""Gamepads that SDL itself makes: pygame takes them for plugged in."""

import ctypes
from pathlib import Path
from typing import Any

import pygame
import pytest

_GAMECONTROLLER, _UNKNOWN = 1, 0


def sdl() -> Any:  # noqa: ANN401
    """The library that pygame itself has loaded."""
    folder = Path(pygame.__file__).parent.parent / "pygame.libs"
    found = sorted(folder.glob("libSDL2-2*"))
    if not found:
        pytest.skip("pygame brings no SDL of its own here")
    library = ctypes.CDLL(str(found[0]))
    library.SDL_JoystickFromInstanceID.restype = ctypes.c_void_p
    library.SDL_JoystickGetDeviceInstanceID.restype = ctypes.c_int32
    library.SDL_JoystickOpen.restype = ctypes.c_void_p
    return library


class VirtualPad:
    """A pad with SDL's layout; plugged in from construction on. SDL must run.

    Args:
        has_layout: whether it is one that SDL has a layout for.
    """

    def __init__(self, *, has_layout: bool = True) -> None:
        self._sdl = sdl()
        self._has_layout = has_layout
        self.plug_in()

    def plug_in(self) -> None:
        kind = _GAMECONTROLLER if self._has_layout else _UNKNOWN
        self._index = self._sdl.SDL_JoystickAttachVirtual(kind, 6, 15, 0)
        assert self._index >= 0
        self._stick = ctypes.c_void_p(self._sdl.SDL_JoystickOpen(self._index))
        assert self._stick.value

    def unplug(self) -> None:
        for index in range(self._sdl.SDL_NumJoysticks()):
            self._sdl.SDL_JoystickDetachVirtual(index)
        self._sdl.SDL_JoystickClose(self._stick)

    def axis(self, number: int, share: float) -> None:
        assert self._sdl.SDL_JoystickSetVirtualAxis(self._stick, number, ctypes.c_int16(round(32767 * share))) == 0

    def button(self, number: int, is_down: bool) -> None:
        assert self._sdl.SDL_JoystickSetVirtualButton(self._stick, number, ctypes.c_uint8(is_down)) == 0
