"""`calibration.json`: everything that was found out about one robot, with its date and its doubts."""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

from clam_robot import config
from clam_robot.errors import CalibrationError
from clam_robot.hardware.calibration.camera_calibration import CameraCalibration

VERSION = 1
UNITS = {"length": "m", "angle": "rad", "picture": "pixel", "time": "s"}


@dataclass(frozen=True, kw_only=True)
class Calibration(config.Strict):
    """What stands in `calibration.json`.

    Attributes:
        version: of the layout.
        units: of all numbers.
        arm_serial: what tells the arm from others; None where that was not asked for.
        cameras: by the name they have in `cameras.toml`.
    """

    version: int = VERSION
    units: dict[str, str] = field(default_factory=lambda: dict(UNITS))
    arm_serial: str | None = None
    cameras: dict[str, CameraCalibration] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.version != VERSION:
            raise CalibrationError(
                f"a calibration of version {self.version}, this software reads {VERSION}; make it anew"
            )
        if self.units != UNITS:
            raise CalibrationError(f"units: expected {UNITS}, found {self.units}")

    def with_camera(self, name: str, camera: CameraCalibration) -> "Calibration":
        """The same with one camera more, or another one of this name."""
        return replace(self, cameras={**self.cameras, name: camera})

    def camera(self, name: str) -> CameraCalibration:
        """Of a name.

        Raises:
            CalibrationError: there is none; lists those there are.
        """
        if name not in self.cameras:
            raise CalibrationError(f"no calibration of camera {name!r}; there are {', '.join(self.cameras) or 'none'}")
        return self.cameras[name]


def load_calibration(path: Path) -> Calibration:
    """Read `calibration.json`.

    Raises:
        ConfigError: it is missing or does not fit; names the field.
        CalibrationError: it is of another version.
    """
    return config.load(Calibration, path)


def save_calibration(calibration: Calibration, path: Path) -> None:
    """Write `calibration.json`, whole or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(json.dumps(config.to_dict(calibration), indent=1) + "\n", encoding="utf-8")
    partial.replace(path)
