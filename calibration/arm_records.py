"""From fits of the arm to what stands in `calibration.json`."""

from dataclasses import replace

import numpy as np

from calibration.arm_fit import ArmFit
from calibration.bundle_settings import GAUGE
from calibration.gripper_range import GripperRange
from calibration.servo_stiffness import StiffnessFit
from clam_robot.hardware.calibration.arm_calibration import (
    GripperCalibration,
    JointCalibration,
    Rows,
    ServoCalibration,
)
from clam_robot.hardware.calibration.camera_calibration import HandEyeCalibration
from clam_robot.hardware.calibration.pose import to_pose


def joints_record(cameras: tuple[str, ...], fit: ArmFit, made_at: str) -> JointCalibration:
    """Of the joints.

    Args:
        cameras: whose views they were found with, in the order of the fit's.
        fit: of them.
        made_at: UTC, ISO 8601.
    """
    return JointCalibration(
        offsets=fit.of("offset"),
        compliances=fit.of("compliance"),
        covariance=_rows(fit.covariance),
        unobservable=GAUGE,
        cameras=cameras,
        num_views=sum(each.views.count for each in fit.fits),
        misfit=sum(each.result.chi2 for each in fit.fits) / sum(each.result.dof for each in fit.fits),
        held_out_position=max(each.held_out_position for each in fit.fits),
        held_out_angle=max(each.held_out_angle for each in fit.fits),
        made_at=made_at,
    )


def settled(record: HandEyeCalibration, fit: ArmFit, number: int, made_at: str) -> HandEyeCalibration:
    """A camera's place, now that the joints are known from all cameras.

    Args:
        record: of the camera, as `clam calibrate hand-eye` made it.
        fit: of the arm.
        number: of the camera in it.
        made_at: UTC, ISO 8601.
    """
    pose, covariance = fit.camera(number)
    return replace(
        record,
        camera=to_pose(pose),
        covariance=_rows(covariance),
        offsets=fit.of("offset"),
        offset_sigmas={name: fit.sigma(f"offset {name}") for name in fit.of("offset")},
        made_at=made_at,
    )


def servos_record(fit: StiffnessFit, made_at: str) -> ServoCalibration:
    """Of the servos that hold the joints."""
    return ServoCalibration(
        stiffness=dict(fit.stiffness), sigmas=dict(fit.sigmas), num_poses=len(fit.loads), made_at=made_at
    )


def gripper_record(found: GripperRange, made_at: str) -> GripperCalibration:
    """Of the gripper."""
    return GripperCalibration(
        closed=found.closed, opened=found.opened, sigma=found.sigma, effort=found.effort, made_at=made_at
    )


def _rows(matrix: np.ndarray) -> Rows:
    return tuple(tuple(float(each) for each in row) for row in matrix)
