"""A machine made of a folder: /sys, /dev, /proc and /etc as a test writes them."""

from pathlib import Path
from typing import Any

from clam_robot.doctor.machine import Machine

USER = 1000
DIALOUT = 20


class FakeMachine:
    """Writes files below a root.

    Attributes:
        root: of the tree.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, path: str, text: str = "") -> Path:
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{text}\n")
        return file

    def usb(
        self, place: str, vendor: str, product: str, *, name: str = "", speed: int = 480, video: bool = False
    ) -> None:
        at = f"/sys/bus/usb/devices/{place}"
        facts = {"idVendor": vendor, "idProduct": product, "speed": speed, "busnum": place.partition("-")[0]}
        for file, value in (facts | ({"product": name} if name else {})).items():
            self.write(f"{at}/{file}", str(value))
        self.write(f"{at}:1.0/bInterfaceClass", "0e" if video else "ff")

    def adapter(self, *, latency: int = 1) -> None:
        """A U2D2 with its link and timer."""
        self.usb("1-2", "0403", "6014")
        self.write("/dev/ttyUSB0")
        (self.root / "dev/ttyDXL").symlink_to("ttyUSB0")
        self.write("/sys/bus/usb-serial/devices/ttyUSB0/latency_timer", str(latency))

    def machine(self, **parts: Any) -> Machine:  # noqa: ANN401
        ours: dict[str, Any] = {
            "root": self.root,
            "environ": {},
            "uid": USER,
            "groups": {DIALOUT},
            "version": lambda _: None,
            "has_module": lambda _: True,
            "free_bytes": lambda _: 2**40,
            "write_speed": lambda _: 1e9,
        }
        return Machine(**(ours | parts))
