"""What a SpaceMouse sends: USB HID reports. Source: the HID descriptors of the devices.

    id 1, 6 bytes    x y z, 16 bits each, little-endian, -350 .. 350     older devices send two reports,
    id 2, 6 bytes    Rx Ry Rz, likewise
    id 1, 12 bytes   all six                                             newer ones send one
    id 3             buttons, one bit each

The device's x is to the right, y towards the person, z down.
"""

from dataclasses import dataclass, replace

from teleop.device import AT_REST, Twist

FULL = 350.0
_TRANSLATION, _ROTATION, _BUTTONS = 1, 2, 3
_THREE, _SIX = 7, 13  # bytes, with the id


@dataclass(frozen=True, kw_only=True)
class PuckState:
    """Where the cap is.

    Attributes:
        twist: x y z roll pitch yaw: forwards, left and up as the person sees them, -1 .. 1.
        buttons: one bit each.
    """

    twist: Twist = AT_REST
    buttons: int = 0

    def after(self, report: bytes) -> "PuckState":
        """The state after a report; one of another kind, such as the battery's, changes nothing."""
        kind = report[0] if report else 0
        if kind == _TRANSLATION and len(report) >= _SIX:
            return replace(self, twist=(*_turned(report[1:7]), *_turned(report[7:13])))
        if kind == _TRANSLATION and len(report) >= _THREE:
            return replace(self, twist=(*_turned(report[1:7]), *self.twist[3:]))
        if kind == _ROTATION and len(report) >= _THREE:
            return replace(self, twist=(*self.twist[:3], *_turned(report[1:7])))
        if kind == _BUTTONS and len(report) > 1:
            return replace(self, buttons=int.from_bytes(report[1:5], "little"))
        return self


def _turned(data: bytes) -> tuple[float, float, float]:
    """Three numbers of the device's frame in the person's, as shares of full deflection."""
    x, y, z = (max(-1.0, min(1.0, int.from_bytes(data[i : i + 2], "little", signed=True) / FULL)) for i in (0, 2, 4))
    return -y + 0.0, -x + 0.0, -z + 0.0
