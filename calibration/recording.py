"""A folder with what a calibration saw, so that it can be made again without camera and arm."""

import csv
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float64, UInt8

from calibration.board import Board
from calibration.capture_date import require_date
from clam_robot import config
from clam_robot.errors import CalibrationError
from clam_robot.hardware.wx250s import JOINT_NAMES

# OpenCV's compiled half has no complete type information.
_CV: Any = cv2
INFO, JOINTS, GOALS = "capture.json", "joints.csv", "goals.csv"
POSE_NAMES = ("x", "y", "z", "roll", "pitch", "yaw")
_PICTURE = "picture"
_ENDINGS = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"}


@dataclass(frozen=True, kw_only=True)
class CaptureInfo(config.Strict):
    """What was in front of which camera.

    Attributes:
        camera: its name.
        serial: its serial number.
        board: that was looked at.
        arm_serial: of the arm, where one moved.
        is_complete: the recording came to its end; one that was interrupted did not.
        made_at: when it was begun, UTC, ISO 8601; None where nobody wrote it down.
    """

    camera: str
    serial: str
    board: Board
    arm_serial: str | None = None
    is_complete: bool = True
    made_at: str | None = None

    def __post_init__(self) -> None:
        if self.made_at is not None:
            require_date(self.made_at)


class RecordingWriter:
    """Writes a new folder, picture by picture; with the first of them an earlier recording in its place goes aside.

    Until `finish` the folder says that it is incomplete.

    Args:
        folder: not there yet, empty, or of an earlier recording.
        info: of the capture.

    Attributes:
        folder: that is written.
        num_pictures: in it so far.
        is_finished: all that was to be recorded is.
        aside: where the earlier recording went, if there was one.

    Raises:
        CalibrationError: there is something else in the folder.
    """

    def __init__(self, folder: Path, info: CaptureInfo) -> None:
        if folder.exists() and any(folder.iterdir()) and not (folder / INFO).exists():
            raise CalibrationError(f"{folder} holds something else; give another --folder, or read it with --images")
        self.folder, self._info, self.num_pictures = folder, info, 0
        self.aside: Path | None = None
        self.is_finished = False

    def add(
        self,
        image: UInt8[np.ndarray, "H W 3"],
        joints: Float64[np.ndarray, "6"] | None = None,
        goal: Float64[np.ndarray, "6"] | None = None,
    ) -> Path:
        """One more picture, RGB, the joints at that time, and where their servos were told to be [rad]."""
        if self.num_pictures == 0:
            self._begin()
        path = self.folder / f"{self.num_pictures:04d}.png"
        if not _CV.imwrite(str(path), _CV.cvtColor(image, _CV.COLOR_RGB2BGR)):
            raise CalibrationError(f"cannot write {path}; is the disk full?")
        self.num_pictures += 1
        for name, row in ((JOINTS, joints), (GOALS, goal)):
            if row is not None:
                self._append(name, path.name, row)
        return path

    def finish(self) -> None:
        """All that was to be recorded is; without a picture there is nothing to say."""
        if self.num_pictures > 0:
            (self.folder / INFO).write_bytes(config_bytes(self._info))
            self.is_finished = True

    def _begin(self) -> None:
        if (self.folder / INFO).exists():
            number = 1
            while (aside := _aside(self.folder, number)).exists():
                number += 1
            self.aside = self.folder.rename(aside)
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / INFO).write_bytes(config_bytes(replace(self._info, is_complete=False)))

    def _append(self, name: str, picture: str, row: Float64[np.ndarray, "6"]) -> None:
        table = self.folder / name
        is_new = not table.exists()
        with table.open("a", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            if is_new:
                rows.writerow([_PICTURE, *JOINT_NAMES])
            rows.writerow([picture, *(f"{each:.7f}" for each in row)])


def config_bytes(info: CaptureInfo) -> bytes:
    """JSON of what stands in `capture.json`."""
    return json.dumps(config.to_dict(info), indent=1).encode()


def read_info(folder: Path) -> CaptureInfo | None:
    """What was captured; None in a folder of somebody else's pictures.

    Raises:
        ConfigError: the file does not fit.
    """
    path = folder / INFO
    return config.load(CaptureInfo, path) if path.exists() else None


def earlier_recording(folder: Path) -> Path | None:
    """The newest complete recording that was kept aside for the one in this folder.

    Raises:
        ConfigError: what one says of itself does not fit.
    """
    number, newest = 1, None
    while (aside := _aside(folder, number)).exists():
        info = read_info(aside)
        newest = aside if info is not None and info.is_complete else newest
        number += 1
    return newest


def _aside(folder: Path, number: int) -> Path:
    return folder.with_name(f"{folder.name}_before_{number}")


def picture_paths(folder: Path) -> list[Path]:
    """The pictures of a folder, by name.

    Raises:
        CalibrationError: there are none, or they are in a folder in it.
    """
    if not (folder / INFO).exists() and (folder / "pictures" / INFO).exists():
        raise CalibrationError(
            f"--images: expected a folder with pictures, found one with a report in {folder}; its pictures are in "
            f"{folder / 'pictures'}"
        )
    if not folder.is_dir():
        raise CalibrationError(f"--images: expected a folder with pictures, found no folder at {folder}")
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in _ENDINGS)
    if not found:
        raise CalibrationError(f"--images: no pictures ({', '.join(sorted(_ENDINGS))}) in {folder}")
    return found


def read_picture(path: Path) -> UInt8[np.ndarray, "H W 3"]:
    """RGB.

    Raises:
        CalibrationError: it is not a picture.
    """
    picture = _CV.imread(str(path), _CV.IMREAD_COLOR)
    if picture is None:
        raise CalibrationError(f"{path} is not a picture that can be read; leave it out")
    return np.ascontiguousarray(_CV.cvtColor(picture, _CV.COLOR_BGR2RGB))


@dataclass(frozen=True, kw_only=True, eq=False)
class HandTable:
    """Where the arm was in each picture.

    Attributes:
        rows: six numbers by the picture's file name.
        is_joints: joints [rad], or x, y, z [m], roll, pitch, yaw [rad] of the hand.
    """

    rows: dict[str, Float64[np.ndarray, "6"]]
    is_joints: bool


def read_hands(path: Path) -> HandTable:
    """A table with a column `picture` and six more: the joints' names, or x, y, z, roll, pitch, yaw.

    Raises:
        CalibrationError: it is missing, or a column or number is.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            lines = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise CalibrationError(f"--joints: cannot read {path}: {error}; see `clam calibrate hand-eye --help`") from None
    columns = {name for name in lines[0] if name is not None} if lines else set()  # None: more values than names
    names = next((each for each in (JOINT_NAMES, POSE_NAMES) if {_PICTURE, *each} <= columns), None)
    if names is None:
        raise CalibrationError(
            f"{path}: expected columns picture and {', '.join(JOINT_NAMES)}, or {', '.join(POSE_NAMES)}, found "
            f"{', '.join(sorted(columns)) or 'none'}"
        )
    rows: dict[str, Float64[np.ndarray, 6]] = {}
    for number, line in enumerate(lines, 2):
        try:
            rows[Path(line[_PICTURE]).name] = np.array([float(line[name]) for name in names])
        except (TypeError, ValueError):
            raise CalibrationError(f"{path}, line {number}: expected numbers, found {line}") from None
    return HandTable(rows=rows, is_joints=names is JOINT_NAMES)
