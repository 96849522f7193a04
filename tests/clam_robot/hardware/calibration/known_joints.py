"""Joints as a calibration would have found them."""

from collections.abc import Mapping

from clam_robot.hardware.calibration.arm_calibration import JointCalibration

MADE_AT = "2026-06-01T00:00:00+00:00"


def known_joints(offsets: Mapping[str, float], compliances: Mapping[str, float]) -> JointCalibration:
    """With these offsets [rad] and compliances [rad/Nm]."""
    return JointCalibration(
        offsets=dict(offsets),
        compliances=dict(compliances),
        covariance=(),
        unobservable=("waist", "wrist_rotate"),
        cameras=("wrist",),
        num_views=30,
        misfit=1.0,
        held_out_position=1e-3,
        held_out_angle=1e-3,
        made_at=MADE_AT,
    )
