"""Where a board that stands still is before a camera that stands still, and how well that is known."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from scipy.spatial.transform import RigidTransform

from calibration.board import Board
from calibration.board_pose import board_pose
from calibration.detection import MIN_CORNERS, Detection
from clam_robot.errors import CalibrationError
from clam_robot.hardware.calibration.intrinsics import Intrinsics

# Light and pixels move a corner by as much, in all pictures alike [pixel].
_CORNER_BIAS = 0.1


@dataclass(frozen=True, kw_only=True, eq=False)
class BoardMeasurement:
    """A board.

    Attributes:
        board: which.
        T_camera_board: its pose in the camera's frame.
        covariance: of its turn about the camera's axes, at its middle [rad], then of its middle's shift along them [m].
        rms: of the corners' distances from where they should be [pixel].
        num_views: pictures.
    """

    board: Board
    T_camera_board: RigidTransform
    covariance: Float64[np.ndarray, "6 6"]
    rms: float
    num_views: int


def middle_of(board: Board) -> Float64[np.ndarray, "3"]:
    """Of a board, in its own frame [m]."""
    width, height = board.size
    return np.array([0.5 * width, 0.5 * height, 0.0])


def measure_board(board: Board, views: Sequence[Detection], intrinsics: Intrinsics) -> BoardMeasurement:
    """From pictures that all show the same.

    Raises:
        CalibrationError: too few show the board, they are of another size than the camera's, or things move.
    """
    if not views:
        raise CalibrationError(
            f"no picture shows the board of {board.columns} x {board.rows} squares; is it in view, in light, and is it "
            "that one (--board.columns, --board.rows)?"
        )
    if (views[0].width, views[0].height) != (intrinsics.width, intrinsics.height):
        raise CalibrationError(
            f"expected pictures of {intrinsics.width} x {intrinsics.height} pixels, as the intrinsics are for, found "
            f"{views[0].width} x {views[0].height}; set the camera to the size it was calibrated with"
        )
    corners = np.full((len(views), board.num_corners, 2), np.nan)
    for row, view in zip(corners, views, strict=True):
        row[view.ids] = view.corners
    counts = np.isfinite(corners[:, :, 0]).sum(axis=0)
    ids = np.flatnonzero(2 * counts > len(views))
    if len(ids) < MIN_CORNERS:
        raise CalibrationError(f"expected at least {MIN_CORNERS} corners in most pictures, found {len(ids)}")
    middle = np.nanmedian(corners[:, ids], axis=0)
    spread = float(np.sqrt(np.nanmean((corners[:, ids] - middle) ** 2)))
    if spread > 1.0:
        raise CalibrationError(
            f"the board's corners move by {spread:.1f} pixels from picture to picture; camera and board have to stand "
            "still"
        )
    view = Detection(ids=ids, corners=middle, edge_width=2.0, width=views[0].width, height=views[0].height)
    found = board_pose(board, view, intrinsics)
    sigma2 = max(found.noise**2, _CORNER_BIAS**2 + spread**2 / len(views))
    steps = _steps(board, found.T_camera_board, intrinsics, ids)
    return BoardMeasurement(
        board=board,
        T_camera_board=found.T_camera_board,
        covariance=sigma2 * np.linalg.inv(steps.T @ steps),
        rms=found.rms,
        num_views=len(views),
    )


def _steps(
    board: Board, pose: RigidTransform, intrinsics: Intrinsics, ids: np.ndarray
) -> Float64[np.ndarray, "rows 6"]:
    """How corners move in the picture as the board turns about its middle, and shifts."""
    seen = pose.apply(board.points()[ids])
    _, by_point, _ = intrinsics.project_with_jacobians(seen)
    arms = seen - pose.apply(middle_of(board))
    by_turn = np.stack([np.cross(axis, arms) for axis in np.eye(3)], axis=-1)
    return np.concatenate([by_point @ by_turn, by_point], axis=2).reshape(-1, 6)
