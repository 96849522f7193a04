"""`calibration.json` as commands read and write it."""

import datetime
from collections.abc import Sequence
from pathlib import Path

from calibration.capture_date import capture_date
from calibration.recording import RecordingWriter, picture_paths, read_info
from clam_robot.cli.console import console, plural
from clam_robot.hardware.calibration.calibration import Calibration, load_calibration, save_calibration


def utc_now() -> str:
    """The date, for people."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def tell_date(source: Path, told: str | None, files: Sequence[Path]) -> str:
    """When a recording was made, UTC, ISO 8601; says it, and where it is known from."""
    found = capture_date(told, files)
    how = "" if found.is_told else ", as its newest file says: it does not say so itself"
    console.print(f"{source} was recorded {found.made_at}{how}", markup=False, soft_wrap=True)
    return found.made_at


def recorded_at(images: Path) -> str:
    """When a folder's pictures were taken, UTC, ISO 8601; says it.

    Raises:
        CalibrationError: there are none.
        ConfigError: what the folder says of itself does not fit.
    """
    info = read_info(images)
    return tell_date(images, None if info is None else info.made_at, picture_paths(images))


def load_or_new(path: Path) -> Calibration:
    """What stands in the file, or nothing yet."""
    return load_calibration(path) if path.exists() else Calibration()


def tell_recording(writer: RecordingWriter) -> None:
    """Where an earlier recording is now, if there was one, and what is kept of one that did not come to its end."""
    if writer.aside is not None:
        console.print(f"the earlier recording is kept in {writer.aside}", markup=False, soft_wrap=True)
    if writer.num_pictures > 0 and not writer.is_finished:
        console.print(
            f"{plural(writer.num_pictures, 'picture')} of a recording that did not come to its end "
            f"{'is' if writer.num_pictures == 1 else 'are'} kept in {writer.folder}; --images computes with what there "
            "is",
            markup=False,
            soft_wrap=True,
        )


def save(calibration: Calibration, path: Path) -> None:
    """Write it and say so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_calibration(calibration, path)
    console.print(f"calibration: {path}", markup=False, soft_wrap=True)
