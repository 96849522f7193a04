"""Devices by name, and which of them are connected."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, TextIO

from clam_robot import config
from clam_robot.errors import ClamRobotError, ConfigError, MissingDependency
from clam_robot.hardware.stop_latch import StopLatch
from clam_robot.timing import Clock
from teleop.background import BackgroundDevice
from teleop.device import TeleopDevice
from teleop.gamepad import GamepadConfig
from teleop.keyboard import KeyboardConfig
from teleop.leader_config import LeaderConfig
from teleop.page_address import parse_address
from teleop.phone_config import PhoneConfig
from teleop.terminal_keys import TerminalKeys

DeviceName = Literal["keyboard", "gamepad", "spacemouse", "leader", "phone", "script"]


@dataclass(frozen=True, kw_only=True)
class DeviceOptions(config.Strict):
    """How each device is read.

    Attributes:
        script: JSON lines of what a script does.
        keyboard: how long a key counts.
        gamepad: which, and how.
        leader: which chain of servos.
        phone: where its page is.
    """

    script: Path | None = None
    keyboard: KeyboardConfig = field(default_factory=KeyboardConfig)
    gamepad: GamepadConfig = field(default_factory=GamepadConfig)
    leader: LeaderConfig = field(default_factory=LeaderConfig)
    phone: PhoneConfig = field(default_factory=PhoneConfig)


def make_device(
    name: DeviceName,
    options: DeviceOptions,
    clock: Clock,
    keys: TerminalKeys,
    *,
    latch: StopLatch | None = None,
    tell: Callable[[str], object] = lambda url: None,
) -> TeleopDevice:
    """The device of this name, not yet open, read in the background; only a script waits until it is asked.

    Args:
        name: of the device.
        options: how it is read.
        clock: of the readings.
        keys: of the terminal.
        latch: what its stop sets at once; None has it be an event like others.
        tell: told the address of a device's page when it is open, from a thread of the device's own.

    Raises:
        ConfigError: a script that is none.
        MissingDependency: a package is missing.
    """
    device = _device(name, options, clock, keys, tell)
    return device if name == "script" else BackgroundDevice(device, clock, latch=latch)


def _device(
    name: DeviceName, options: DeviceOptions, clock: Clock, keys: TerminalKeys, tell: Callable[[str], object]
) -> TeleopDevice:
    match name:
        case "keyboard":
            from teleop.keyboard import KeyboardDevice

            return KeyboardDevice(keys, clock, options.keyboard)
        case "gamepad":
            from teleop.gamepad import GamepadDevice

            _require("pygame")
            return GamepadDevice(options.gamepad)
        case "spacemouse":
            from teleop.spacemouse import SpaceMouseDevice

            _require("hid")
            return SpaceMouseDevice(clock)
        case "leader":
            from teleop.leader_arm import LeaderArmDevice

            return LeaderArmDevice(options.leader, clock)
        case "phone":
            _require("uvicorn", extra="operator")
            from teleop.phone import PhoneDevice

            return PhoneDevice(options.phone, clock, tell)
        case "script":
            from teleop.scripted import EXAMPLE, ScriptedDevice, load_script

            if options.script is None:
                raise ConfigError(f"--device script needs --script, a file of lines such as {EXAMPLE}")
            return ScriptedDevice(load_script(options.script), clock)


@dataclass(frozen=True, kw_only=True)
class Presence:
    """Whether a device is there.

    Attributes:
        name: of the device.
        is_there: whether it can be used now.
        detail: which one it is, or what is missing and what to do.
    """

    name: DeviceName
    is_there: bool
    detail: str


def survey(options: DeviceOptions, terminal: TextIO = sys.stdin) -> list[Presence]:
    """What is connected, without moving or taking anything."""
    looks: dict[DeviceName, Callable[[], tuple[bool, str]]] = {
        "keyboard": lambda: _keyboard(terminal),
        "gamepad": _gamepads,
        "spacemouse": _spacemice,
        "leader": lambda: _leader(options.leader),
        "phone": lambda: _phone(options.phone),
        "script": lambda: (True, "give a file with --script"),
    }
    found: list[Presence] = []
    for name, look in looks.items():
        try:
            is_there, detail = look()
        except ClamRobotError as error:
            is_there, detail = False, str(error)
        found.append(Presence(name=name, is_there=is_there, detail=detail))
    return found


def _require(package: str, *, extra: str = "teleop") -> None:
    if find_spec(package) is None:
        raise MissingDependency(f"{package} is not installed; install it with pip install 'clam-robot[{extra}]'")


def _keyboard(terminal: TextIO) -> tuple[bool, str]:
    if terminal.isatty():
        return True, "this terminal"
    return False, "standard input is no terminal; over SSH connect with ssh -t"


def _gamepads() -> tuple[bool, str]:
    _require("pygame")
    from teleop.gamepad import list_pads, missing

    pads = list_pads()
    return bool(pads), ", ".join(pads) or missing()


def _spacemice() -> tuple[bool, str]:
    _require("hid")
    from teleop.spacemouse import list_spacemice, missing

    mice = list_spacemice()
    return bool(mice), ", ".join(mice) or missing()


def _leader(setup: LeaderConfig) -> tuple[bool, str]:
    if Path(setup.port).exists():
        return True, f"a serial port is at {setup.port}; whether an arm is behind it shows when it is opened"
    return False, f"no port {setup.port}; plug in the leader's USB adapter, or give another with --leader.port"


def _phone(setup: PhoneConfig) -> tuple[bool, str]:
    _require("uvicorn", extra="operator")
    host, _ = parse_address(setup.address)
    where = f"any browser opens its page on {setup.address}"
    if host in {"localhost", "127.0.0.1", "::1"}:
        return True, f"{where}; for phones in the same network give --phone.address 0.0.0.0:8090"
    return True, where
