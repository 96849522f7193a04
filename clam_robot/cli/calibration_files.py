"""`calibration.json` as commands read and write it."""

import datetime
from pathlib import Path

from calibration.recording import RecordingWriter
from clam_robot.cli.console import console
from clam_robot.hardware.calibration.calibration import Calibration, load_calibration, save_calibration


def utc_now() -> str:
    """The date, for people."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def load_or_new(path: Path) -> Calibration:
    """What stands in the file, or nothing yet."""
    return load_calibration(path) if path.exists() else Calibration()


def tell_aside(writer: RecordingWriter) -> None:
    """Where an earlier recording is now, if there was one."""
    if writer.aside is not None:
        console.print(f"the earlier recording is kept in {writer.aside}", markup=False, soft_wrap=True)


def save(calibration: Calibration, path: Path) -> None:
    """Write it and say so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_calibration(calibration, path)
    console.print(f"calibration: {path}", markup=False, soft_wrap=True)
