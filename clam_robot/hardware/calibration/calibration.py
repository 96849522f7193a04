"""`calibration.json`: everything that was found out about one robot, with its date and its doubts."""

import datetime
import json
import logging
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

from clam_robot import config
from clam_robot.errors import CalibrationError
from clam_robot.hardware.calibration.arm_calibration import ArmCalibration
from clam_robot.hardware.calibration.camera_calibration import CameraCalibration
from clam_robot.hardware.calibration.expectation import Expectation
from clam_robot.hardware.calibration.latency_calibration import LatencyCalibration

_LOG = logging.getLogger(__name__)
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
        arm: what was found out about the arm itself.
        latency: of commands, joints and cameras; None where it was not looked for.
    """

    version: int = VERSION
    units: dict[str, str] = field(default_factory=lambda: dict(UNITS))
    arm_serial: str | None = None
    cameras: dict[str, CameraCalibration] = field(default_factory=dict)
    arm: ArmCalibration = field(default_factory=ArmCalibration)
    latency: LatencyCalibration | None = None

    def __post_init__(self) -> None:
        if self.units != UNITS:
            raise CalibrationError(f"units: expected {UNITS}, found {self.units}")

    def with_camera(self, name: str, camera: CameraCalibration) -> "Calibration":
        """The same with one camera more, or another one of this name."""
        return replace(self, cameras={**self.cameras, name: camera})

    def camera(self, name: str, source: Path = Path("calibration.json")) -> CameraCalibration:
        """Of a name.

        Args:
            name: of the camera.
            source: where this calibration stands, for messages.

        Raises:
            CalibrationError: there is none; lists those there are.
        """
        if name not in self.cameras:
            raise CalibrationError(
                f"{source}: no calibration of camera {name!r}, there are {', '.join(self.cameras) or 'none'}; run "
                f"`clam calibrate intrinsics --camera {name} --out {source}` first"
            )
        return self.cameras[name]


def load_calibration(path: Path, expected: Expectation | None = None) -> Calibration:
    """Read `calibration.json`; tells in the log what is older than it may be.

    Args:
        path: of the file.
        expected: what it is to be used with; nothing is compared by default.

    Raises:
        ConfigError: it is missing or does not fit; names the field.
        CalibrationError: it is of another version, arm or camera; names both serials.
    """
    calibration = read_calibration(config.read(path), str(path))
    if expected is not None:
        require_hardware(calibration, expected, str(path))
        for part, days in ages(calibration, expected.now, str(path)).items():
            if 0 < expected.max_age_days < days:
                _LOG.warning(
                    "%s: %s is %.0f days old, more than %g; calibrate again, or check it with a board",
                    path,
                    part,
                    days,
                    expected.max_age_days,
                )
    return calibration


def read_calibration(data: object, source: str) -> Calibration:
    """What an episode carries along: `episode.attributes.calibration`.

    Args:
        data: the content of a `calibration.json`.
        source: where it stands, for messages.

    Raises:
        ConfigError: it does not fit; names the field.
        CalibrationError: it is of another version.
    """
    version = cast("dict[str, object]", data).get("version", VERSION) if isinstance(data, dict) else VERSION
    if version != VERSION:
        raise CalibrationError(
            f"{source}: a calibration of version {version}, this software reads {VERSION}; keep it aside and calibrate "
            "anew, or use the software that made it"
        )
    try:
        return config.from_dict(Calibration, data, source=source)
    except CalibrationError as error:
        raise CalibrationError(f"{source}: {error}") from None


def require_hardware(calibration: Calibration, expected: Expectation, path: str) -> None:
    """Refuse a calibration of other hardware.

    Raises:
        CalibrationError: it is of another arm or camera; names both serials.
    """
    if None not in (calibration.arm_serial, expected.arm) and calibration.arm_serial != expected.arm:
        raise CalibrationError(
            f"{path} is of arm {calibration.arm_serial!r}, this one is {expected.arm!r}; give the file of this arm, "
            "or calibrate it"
        )
    timed = {} if calibration.latency is None else calibration.latency.cameras
    for name, serial in expected.cameras.items():
        for known in (calibration.cameras.get(name), timed.get(name)):
            if known is not None and known.serial != serial:
                raise CalibrationError(
                    f"{path}: camera {name!r} was {known.serial!r} when it was calibrated, now it is {serial!r}; are "
                    "two cameras swapped? else calibrate this one"
                )


def ages(calibration: Calibration, now: datetime.datetime, path: str) -> dict[str, float]:
    """How old each part is [days], by its name.

    Raises:
        CalibrationError: a date is none.
    """
    return {part: _age(made_at, now, f"{path}, {part}") for part, made_at in dates(calibration).items()}


def dates(calibration: Calibration) -> dict[str, str]:
    """When each part was made, by its name."""
    found: dict[str, str] = {}
    for part in ("joints", "servos", "gripper"):
        if (done := getattr(calibration.arm, part)) is not None:
            found[f"{part} of the arm"] = done.made_at
    for name, camera in calibration.cameras.items():
        found[f"intrinsics of camera {name!r}"] = camera.intrinsics.made_at
        if camera.hand_eye is not None:
            found[f"place of camera {name!r}"] = camera.hand_eye.made_at
    if calibration.latency is not None:
        found["latency"] = calibration.latency.made_at
    return found


def _age(made_at: str, now: datetime.datetime, where: str) -> float:
    try:
        made = datetime.datetime.fromisoformat(made_at)
    except ValueError:
        raise CalibrationError(f"{where}: made_at: expected a date as in ISO 8601, found {made_at!r}") from None
    if made.tzinfo is None:
        made = made.replace(tzinfo=datetime.UTC)
    return (now - made) / datetime.timedelta(days=1)


def save_calibration(calibration: Calibration, path: Path) -> None:
    """Write `calibration.json`, whole or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(json.dumps(config.to_dict(calibration), indent=1) + "\n", encoding="utf-8")
    partial.replace(path)
