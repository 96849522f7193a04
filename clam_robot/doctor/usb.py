"""Devices on the USB, as /sys tells them."""

from dataclasses import dataclass

from clam_robot.doctor.machine import Machine

U2D2 = ("0403", "6014")
INTEL = "8086"
_DEVICES = "/sys/bus/usb/devices"


@dataclass(frozen=True, kw_only=True)
class UsbDevice:
    """One device.

    Attributes:
        place: of the port, "2-1.3".
        vendor: number, hexadecimal.
        product: number, hexadecimal.
        name: as it calls itself.
        speed: of its connection [Mbit/s].
        bus: number; devices of a bus share its bandwidth.
        is_camera: whether it has a video interface.
    """

    place: str
    vendor: str
    product: str
    name: str
    speed: float
    bus: str
    is_camera: bool

    @property
    def is_realsense(self) -> bool:
        """Whether Intel made it and it sends pictures."""
        return self.vendor == INTEL and self.is_camera


def usb_devices(machine: Machine) -> list[UsbDevice]:
    """All that are connected, hubs too."""
    devices: list[UsbDevice] = []
    for folder in machine.glob(f"{_DEVICES}/*"):
        at = f"{_DEVICES}/{folder.name}"
        vendor = machine.read(f"{at}/idVendor")
        if vendor is None:  # an interface
            continue
        speed = machine.read(f"{at}/speed") or ""
        interfaces = machine.glob(f"{_DEVICES}/{folder.name}:*/bInterfaceClass")
        devices.append(
            UsbDevice(
                place=folder.name,
                vendor=vendor,
                product=machine.read(f"{at}/idProduct") or "",
                name=machine.read(f"{at}/product") or f"{vendor}:{machine.read(f'{at}/idProduct')}",
                speed=float(speed) if speed.replace(".", "", 1).isdigit() else 0.0,
                bus=machine.read(f"{at}/busnum") or folder.name.partition("-")[0],
                is_camera=any(machine.text(each) == _VIDEO for each in interfaces),
            )
        )
    return devices


_VIDEO = "0e"
