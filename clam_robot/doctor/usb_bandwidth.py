"""Whether the pictures fit through the USB."""

from collections import defaultdict

from clam_robot.doctor.finding import Finding, ok, problem, skipped, warning
from clam_robot.doctor.machine import Machine
from clam_robot.doctor.setup import DoctorConfig
from clam_robot.doctor.usb import UsbDevice, usb_devices

NAME = "USB bandwidth"
_USB3 = 5000.0  # [Mbit/s]
# 640 x 480 at 30 Hz, two bytes a pixel; a RealSense sends depth as well [Mbit/s].
_PICTURES = 640 * 480 * 2 * 30 * 8 / 1e6
_USABLE = 0.6  # of a bus, for streams


def check(machine: Machine, setup: DoctorConfig) -> Finding:
    """RealSense cameras are on USB 3, and no bus has more cameras than it can carry."""
    del setup
    cameras = [device for device in usb_devices(machine) if device.is_camera]
    if not cameras:
        return skipped(NAME, "no camera")
    slow = [device for device in cameras if device.is_realsense and device.speed < _USB3]
    if slow:
        return problem(
            NAME,
            ", ".join(f"{device.name} on USB {device.place} at {device.speed:g} Mbit/s" for device in slow),
            why="a RealSense on USB 2 sends colour and depth at a low rate only, or drops frames",
            mend="use a blue port and the camera's own USB 3 cable, without a hub",
        )
    buses: dict[str, list[UsbDevice]] = defaultdict(list)
    for device in cameras:
        buses[device.bus].append(device)
    for bus, there in buses.items():
        asked, carried = sum(map(_demand, there)), _USABLE * min(device.speed for device in there)
        if asked > carried:
            return warning(
                NAME,
                f"{len(there)} cameras on bus {bus} ask for {asked:.0f} of {carried:.0f} Mbit/s",
                why="frames are dropped, now of one camera, now of another",
                mend="plug one of them into a port of another controller (lsusb -t), or record smaller pictures",
            )
    return ok(NAME, ", ".join(f"{device.name} at {device.speed:g} Mbit/s" for device in cameras))


def _demand(device: UsbDevice) -> float:
    return _PICTURES * (2.0 if device.is_realsense else 1.0)
