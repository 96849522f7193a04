"""Corners that lie far from where their own view's board has them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from calibration.board_pose import BoardPose, board_pose
from calibration.detection import Detection
from calibration.hand_eye_views import HandEyeViews


def board_poses(views: HandEyeViews) -> list[BoardPose]:
    """Where the board is in each view, for itself."""
    return [board_pose(views.board, each, views.intrinsics) for each in views.detections]


def without_outliers(views: HandEyeViews, poses: Sequence[BoardPose]) -> HandEyeViews:
    """The views without corners that lie far from where their own view's board has them."""
    noise = float(np.median([each.noise for each in poses]))
    kept: list[Detection] = []
    for detection, pose in zip(views.detections, poses, strict=True):
        is_near = np.linalg.norm(pose.residuals, axis=1) <= _FAR * max(noise, _LEAST_NOISE)
        if is_near.sum() < _FEWEST:
            is_near[:] = True  # the whole view is off, which is told elsewhere
        kept.append(replace(detection, ids=detection.ids[is_near], corners=detection.corners[is_near]))
    return replace(views, detections=tuple(kept))


# Corners further off than this many standard deviations are no corners.
_FAR, _FEWEST = 5.0, 6
# No corner of a printed board is where it should be to less than this [pixel].
_LEAST_NOISE = 0.1
