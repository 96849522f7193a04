"""From fits to what stands in `calibration.json`."""

import dataclasses
import math

import numpy as np

from calibration.board import Board
from calibration.bundle_settings import GAUGE
from calibration.hand_eye import HandEyeFit, solver_angle, solver_distance
from calibration.intrinsics_fit import IntrinsicsFit
from clam_robot.hardware.calibration.camera_calibration import HandEyeCalibration, IntrinsicsCalibration, Rows
from clam_robot.hardware.calibration.pose import to_pose
from clam_robot.hardware.wx250s import JOINT_NAMES


def intrinsics_record(board: Board, fit: IntrinsicsFit, made_at: str) -> IntrinsicsCalibration:
    """Of a camera's own numbers.

    Args:
        board: that was looked at.
        fit: of them.
        made_at: UTC, ISO 8601.
    """
    return IntrinsicsCalibration(
        intrinsics=fit.intrinsics,
        source="fitted",
        model=fit.model,
        covariance=_rows(fit.covariance),
        corner_noise=fit.noise,
        rms=fit.rms,
        view_rms=tuple(None if math.isnan(each) else each for each in fit.view_rms),
        board=dataclasses.asdict(board),
        made_at=made_at,
    )


def hand_eye_record(fit: HandEyeFit, scale: tuple[float, float], made_at: str) -> HandEyeCalibration:
    """Of a camera's place.

    Args:
        fit: of it.
        scale: of the board by the arm's motion, and its standard deviation.
        made_at: UTC, ISO 8601.
    """
    result = fit.result
    first = result.names.index("camera rx")
    free = [name.removeprefix("offset ") for name in result.names if name.startswith("offset ")]
    return HandEyeCalibration(
        mount=fit.views.mount,
        camera=to_pose(fit.camera),
        covariance=_rows(result.covariance[first : first + 6, first : first + 6]),
        board=to_pose(fit.board),
        offsets={name: float(result.offsets[JOINT_NAMES.index(name)]) for name in free},
        offset_sigmas={name: result.sigma(f"offset {name}") for name in free},
        unobservable=GAUGE,
        rms=result.rms,
        misfit=result.misfit,
        held_out_position=fit.held_out_position,
        held_out_angle=fit.held_out_angle,
        view_rms=tuple(result.view_rms),
        solvers={
            name: None if pose is None else (solver_distance(pose, fit.camera), solver_angle(pose, fit.camera))
            for name, pose in fit.solvers.items()
        },
        scale=scale,
        board_size=dataclasses.asdict(fit.views.board),
        made_at=made_at,
    )


def _rows(matrix: np.ndarray) -> Rows:
    return tuple(tuple(float(each) for each in row) for row in matrix)
