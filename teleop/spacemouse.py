"""A 3Dconnexion SpaceMouse, by hidapi. Left button: gripper. Right button: takes the clutch out and in again."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, runtime_checkable

from clam_robot.errors import DeviceUnavailable
from clam_robot.timing import Clock
from teleop.device import AT_REST, Fingers, GripperCommand, Motion, silent
from teleop.spacemouse_reports import PuckState

# By USB vendor and product. Newer models of 3Dconnexion that are not here are known by what they say they are.
PRODUCTS = {
    (0x046D, 0xC603): "SpaceMouse Plus XT",
    (0x046D, 0xC605): "CADman",
    (0x046D, 0xC606): "SpaceMouse Classic",
    (0x046D, 0xC621): "Spaceball 5000",
    (0x046D, 0xC623): "SpaceTraveler",
    (0x046D, 0xC625): "SpacePilot",
    (0x046D, 0xC626): "SpaceNavigator",
    (0x046D, 0xC627): "SpaceExplorer",
    (0x046D, 0xC628): "SpaceNavigator for Notebooks",
    (0x046D, 0xC629): "SpacePilot Pro",
    (0x046D, 0xC62B): "SpaceMouse Pro",
    (0x256F, 0xC62E): "SpaceMouse Wireless (cable)",
    (0x256F, 0xC62F): "SpaceMouse Wireless",
    (0x256F, 0xC631): "SpaceMouse Pro Wireless (cable)",
    (0x256F, 0xC632): "SpaceMouse Pro Wireless",
    (0x256F, 0xC633): "SpaceMouse Enterprise",
    (0x256F, 0xC635): "SpaceMouse Compact",
    (0x256F, 0xC636): "SpaceMouse Module",
    (0x256F, 0xC63A): "SpaceMouse Wireless (Bluetooth)",
    (0x256F, 0xC652): "3Dconnexion Universal Receiver",
}
_MAKER = 0x256F
_MULTI_AXIS = (1, 8)  # usage page and usage
_GRIPPER, _CLUTCH = 1, 2  # bits of the buttons
_LONGEST = 64  # report [byte]
# While the cap is off its middle it reports every 8 to 16 ms; after this long nobody holds it any more [s].
_SILENT_AFTER = 0.2
_LOOK_EVERY = 0.5  # for a device that was unplugged [s]


@runtime_checkable
class HidHandle(Protocol):
    """What is used of `hid.device`."""

    def open_path(self, path: bytes) -> None: ...

    def set_nonblocking(self, v: int) -> int: ...

    def read(self, max_length: int) -> list[int]: ...

    def close(self) -> None: ...


class SpaceMouseDevice:
    """A `TeleopDevice`: the first SpaceMouse that is connected.

    Args:
        clock: of the reports.
        enumerate_hid: lists what is connected, as `hid.enumerate` does; that one by default.
        make_handle: a device that is not yet open, as `hid.device` makes it; that one by default.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        enumerate_hid: Callable[[], Sequence[dict[str, Any]]] | None = None,
        make_handle: Callable[[], HidHandle] | None = None,
    ) -> None:
        self._clock = clock
        self._enumerate = enumerate_hid or _enumerate
        self._make_handle = make_handle or _make_handle
        self._handle: HidHandle | None = None
        self._is_open = False
        self._forget()

    def open(self) -> None:
        if self._is_open:
            return
        self._forget()
        found = find(self._enumerate())
        if not found:
            raise DeviceUnavailable(missing())
        try:
            self._handle = self._opened(found[0])
        except OSError:
            raise DeviceUnavailable(
                f'this user may not open the {name_of(found[0])}; let it: write KERNEL=="hidraw*", '
                'ATTRS{idVendor}=="256f", TAG+="uaccess" to /etc/udev/rules.d/70-spacemouse.rules and plug it in again'
            ) from None
        self._is_open = True

    def close(self) -> None:
        self._is_open = False
        self._drop()

    def read(self) -> Motion:
        if not self._is_open:
            raise DeviceUnavailable("the SpaceMouse is not open; call open() first")
        if self._handle is None and not self._found_again():
            return silent("the SpaceMouse is unplugged")
        try:
            gripper = self._take_reports()
        except (OSError, ValueError):  # hidapi: ValueError where the handle is no longer open
            self._drop()
            return silent("the SpaceMouse is unplugged")
        is_held = self._clock.now() - self._moved <= _SILENT_AFTER
        return Motion(
            twist=self._state.twist if is_held else AT_REST,
            gripper=gripper,
            clutch=self._clutch,
            note="" if self._clutch else "the right button takes the clutch in",
        )

    def _forget(self) -> None:
        self._state = PuckState()
        self._clutch = True
        self._moved = self._looked = float("-inf")

    def _take_reports(self) -> GripperCommand | None:
        """Everything that came since the last time, without waiting."""
        assert self._handle is not None
        command: GripperCommand | None = None
        while report := self._handle.read(_LONGEST):
            before, self._state = self._state, self._state.after(bytes(report))
            self._moved = self._clock.now()
            pressed = self._state.buttons & ~before.buttons
            self._clutch ^= bool(pressed & _CLUTCH)
            if pressed & _GRIPPER:
                command = Motion(gripper=Fingers.TOGGLE).after(Motion(gripper=command)).gripper
        return command

    def _found_again(self) -> bool:
        if self._clock.now() - self._looked < _LOOK_EVERY:
            return False
        self._looked = self._clock.now()
        found = find(self._enumerate())
        if not found:
            return False
        try:
            self._handle = self._opened(found[0])
        except OSError:
            return False
        self._state = PuckState()
        return True

    def _opened(self, entry: dict[str, Any]) -> HidHandle:
        handle = self._make_handle()
        handle.open_path(entry["path"])
        handle.set_nonblocking(1)
        return handle

    def _drop(self) -> None:
        handle, self._handle = self._handle, None
        if handle is not None:
            handle.close()


def find(entries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The SpaceMice among what `hid.enumerate` lists, the interface that moves of each first."""
    mice = [
        entry
        for entry in entries
        if (entry["vendor_id"], entry["product_id"]) in PRODUCTS
        or (entry["vendor_id"] == _MAKER and _usage(entry) == _MULTI_AXIS)
    ]
    # Where the system tells what an interface is for, a receiver's others are left out.
    moving = [entry for entry in mice if _usage(entry) == _MULTI_AXIS]
    return moving or mice


def list_spacemice() -> list[str]:
    """Names of those that are connected."""
    return [name_of(entry) for entry in find(_enumerate())]


def missing() -> str:
    """What to do where there is none."""
    return "no SpaceMouse is connected; plug one in, or switch it on"


def name_of(entry: dict[str, Any]) -> str:
    """What people call it."""
    known = PRODUCTS.get((entry["vendor_id"], entry["product_id"]))
    return known or entry.get("product_string") or "SpaceMouse"


def _usage(entry: dict[str, Any]) -> tuple[int, int]:
    return entry.get("usage_page") or 0, entry.get("usage") or 0


def _enumerate() -> Sequence[dict[str, Any]]:
    return _library().enumerate()


def _make_handle() -> HidHandle:
    return _library().device()


def _library() -> Any:  # noqa: ANN401
    """Hidapi over the kernel's hidraw, which tells interfaces apart and leaves the device to others too."""
    try:
        import hidraw
    except ImportError:  # not on Linux
        import hid

        return hid
    return hidraw
