"""What is connected over V4L2, as Linux tells it."""

from dataclasses import dataclass
from pathlib import Path

from clam_robot.errors import CameraUnavailable

DEVICES = Path("/dev")
CLASS = Path("/sys/class/video4linux")


@dataclass(frozen=True, kw_only=True)
class V4l2Device:
    """A device that gives pictures.

    Attributes:
        path: /dev/videoN; N depends on the order of plugging in.
        name: as its driver calls it.
        serial: USB serial number; empty where it has none.
        link: in /dev/v4l/by-id, which stays when it is plugged in anew; None where there is none.
    """

    path: Path
    name: str
    serial: str
    link: Path | None


def v4l2_devices(sysfs: Path = CLASS, devices: Path = DEVICES) -> list[V4l2Device]:
    """All that are connected, by number; nodes that carry only metadata are left out."""
    links = {link.resolve(): link for link in sorted((devices / "v4l/by-id").glob("*"))}
    found: list[V4l2Device] = []
    for entry in sorted(sysfs.glob("video*"), key=lambda entry: int(entry.name.removeprefix("video"))):
        if _text(entry / "index") not in {"", "0"}:
            continue
        path = devices / entry.name
        found.append(
            V4l2Device(path=path, name=_text(entry / "name"), serial=_serial(entry), link=links.get(path.resolve()))
        )
    return found


def device_of(serial: str, found: list[V4l2Device]) -> V4l2Device:
    """The device of a USB serial number.

    Raises:
        CameraUnavailable: it is not among them; lists those there are.
    """
    for device in found:
        if device.serial == serial:
            return device
    there = ", ".join(f"{device.serial or 'no serial'} ({device.name})" for device in found) or "none"
    raise CameraUnavailable(f"no USB camera with serial {serial} is connected; there are: {there}")


def _serial(entry: Path) -> str:
    # video4linux/videoN/device is the USB interface; the device above it has the number.
    for folder in (interface := (entry / "device").resolve(), *interface.parents[:2]):
        if (folder / "idVendor").is_file():
            return _text(folder / "serial")
    return ""


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
