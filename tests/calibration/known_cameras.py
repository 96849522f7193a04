"""Calibrations of cameras that are known to be right."""

import dataclasses

import numpy as np
from scipy.spatial.transform import RigidTransform

from calibration.board import Board
from calibration.board_measurement import BoardMeasurement
from calibration.hand_eye_views import Mount
from clam_robot.hardware.calibration.camera_calibration import (
    BoardReference,
    HandEyeCalibration,
    IntrinsicsCalibration,
)
from clam_robot.hardware.calibration.intrinsics import Intrinsics
from clam_robot.hardware.calibration.pose import to_pose

WHEN = "2026-06-01T00:00:00+00:00"


def known_lens(lens: Intrinsics) -> IntrinsicsCalibration:
    return IntrinsicsCalibration(
        intrinsics=lens,
        source="fitted",
        model="pinhole",
        covariance=((0.0,) * 9,) * 9,
        corner_noise=0.2,
        rms=0.3,
        view_rms=(0.3,),
        board={},
        made_at=WHEN,
    )


def known_place(mount: Mount, camera: RigidTransform, place: RigidTransform, board: Board) -> HandEyeCalibration:
    """Of a camera, and of the board that it was found with."""
    return HandEyeCalibration(
        mount=mount,
        camera=to_pose(camera),
        covariance=tuple(tuple(row) for row in (1e-8 * np.eye(6)).tolist()),
        board=to_pose(place),
        offsets={},
        offset_sigmas={},
        unobservable=(),
        rms=0.3,
        misfit=1.0,
        held_out_position=1e-3,
        held_out_angle=1e-3,
        view_rms=(0.3,),
        solvers={},
        scale=(1.0, 0.001),
        board_size=dataclasses.asdict(board),
        made_at=WHEN,
    )


def remembered(seen: BoardMeasurement) -> BoardReference:
    return BoardReference(
        board=to_pose(seen.T_camera_board),
        covariance=tuple(tuple(row) for row in seen.covariance.tolist()),
        rms=seen.rms,
        joints=None,
        board_size={},
        made_at=WHEN,
    )
