"""Where the board is in front of a camera whose intrinsics are known."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float64
from scipy.spatial.transform import RigidTransform, Rotation

from calibration.board import Board
from calibration.detection import Detection
from clam_robot.errors import CalibrationError
from clam_robot.hardware.calibration.intrinsics import Intrinsics

# OpenCV's compiled half has no complete type information.
_CV: Any = cv2


@dataclass(frozen=True, kw_only=True, eq=False)
class BoardPose:
    """Where the board is.

    Attributes:
        T_camera_board: pose of the board in the camera's frame.
        residuals: found minus drawn corners [pixel].
    """

    T_camera_board: RigidTransform
    residuals: Float64[np.ndarray, "n 2"]

    @property
    def rms(self) -> float:
        """Of the corners' distances [pixel]."""
        return float(np.sqrt((self.residuals**2).sum(axis=1).mean()))

    @property
    def noise(self) -> float:
        """Standard deviation of the corners along one axis, had the six numbers of the pose not been fitted [pixel]."""
        return float(np.sqrt((self.residuals**2).sum() / max(self.residuals.size - 6, 1)))


def board_pose(board: Board, view: Detection, intrinsics: Intrinsics) -> BoardPose:
    """The board's pose from its corners; of the two that a flat board nearly allows, the one that fits better.

    Raises:
        CalibrationError: no pose draws the corners like this.
    """
    points = board.points()[view.ids]
    count, turns, shifts, _ = _CV.solvePnPGeneric(
        points, view.corners, intrinsics.matrix, intrinsics.coefficients, flags=_CV.SOLVEPNP_IPPE
    )
    starts = list(zip(turns[:count], shifts[:count], strict=True))
    is_there, turn, shift = _CV.solvePnP(points, view.corners, intrinsics.matrix, intrinsics.coefficients)
    if is_there:  # with few corners the other way may give nonsense
        starts.append((turn, shift))
    found: list[BoardPose] = []
    for turn, shift in starts:
        turn, shift = _CV.solvePnPRefineLM(
            points, view.corners, intrinsics.matrix, intrinsics.coefficients, turn.copy(), shift.copy()
        )
        pose = RigidTransform.from_components(shift.ravel(), Rotation.from_rotvec(turn.ravel()))
        seen = pose.apply(points)
        if np.isfinite(seen).all() and (seen[:, 2] > 0).all():
            found.append(BoardPose(T_camera_board=pose, residuals=view.corners - intrinsics.project(seen)))
    if not found:
        raise CalibrationError("no pose of the board draws the corners that were found; is it the board of the file?")
    return min(found, key=lambda each: each.rms)
