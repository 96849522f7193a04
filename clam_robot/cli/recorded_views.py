"""Views of a hand-eye calibration out of a folder."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from calibration.board import Board
from calibration.detection import BoardDetector, Detection
from calibration.hand_eye_views import HandEyeViews, Mount
from calibration.recording import JOINTS, picture_paths, read_hands, read_info, read_picture
from clam_robot.cli.console import console
from clam_robot.errors import ConfigError
from clam_robot.hardware.calibration.camera_calibration import CameraCalibration


def recorded_views(
    images: Path, joints: Path | None, mount: Mount, board: Board, known: CameraCalibration
) -> tuple[HandEyeViews, list[str]]:
    """Views, and their pictures' names.

    Args:
        images: folder of the pictures.
        joints: table of the arm's positions; `joints.csv` in the folder by default.
        mount: of it.
        board: that is seen; the default board stands for the one that the folder names.
        known: of the camera.

    Raises:
        CalibrationError: there are no pictures.
        ConfigError: no picture counts.
    """
    info = read_info(images)
    board = board if info is None or board != Board() else info.board
    paths = picture_paths(images)
    table = read_hands(joints or images / JOINTS)
    detector = BoardDetector(board)
    seen: list[Detection] = []
    names: list[str] = []
    for path in paths:
        if path.name in table.rows and (detection := detector.detect(read_picture(path))) is not None:
            seen.append(detection)
            names.append(path.name)
    end = "" if info is None or info.is_complete else "; the recording was interrupted"
    console.print(f"{len(seen)} of {len(paths)} pictures show the board and have their joints{end}", markup=False)
    if not seen:
        raise ConfigError("no picture counts; do the names in the table fit, and is it this board?")
    hands = np.array([table.rows[each] for each in names])
    views = HandEyeViews(
        mount=mount,
        board=board,
        intrinsics=known.intrinsics.intrinsics,
        detections=tuple(seen),
        joints=hands if table.is_joints else None,
        tool=None if table.is_joints else hands,
    )
    return views, names


def not_seen(images: Path, names: Sequence[str]) -> dict[Path, str]:
    """Pictures of a folder that became no view, each with its reason, for the report.

    Args:
        images: the folder.
        names: of the pictures of the views.
    """
    return {each: "no board or no joints" for each in picture_paths(images) if each.name not in names}
