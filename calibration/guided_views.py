"""Views in two goes: a few from where the board is sure to be seen, then, as the places are known, the telling ones."""

import logging
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from jaxtyping import Float64
from scipy.spatial.transform import RigidTransform

from calibration.board import Board
from calibration.hand_eye import MIN_VIEWS, fit_hand_eye
from calibration.hand_eye_views import HandEyeViews, Mount
from calibration.pose_set import PoseSet, PoseSetConfig, plan_poses
from clam_robot.errors import CalibrationError
from clam_robot.hardware.calibration.intrinsics import Intrinsics
from clam_robot.hardware.workspace import Workspace

_LOG = logging.getLogger(__name__)
# Goes to poses and tells what was seen, and in which joints; poses that show no board are left out.
Shoot = Callable[[PoseSet], HandEyeViews]


def guided_views(
    mount: Mount,
    board: Board,
    intrinsics: Intrinsics,
    camera: RigidTransform,
    place: RigidTransform,
    workspace: Workspace,
    config: PoseSetConfig,
    shoot: Shoot,
) -> HandEyeViews:
    """All views of both goes; the arguments are those of `plan_poses`.

    Where the first views do not agree, something is wrong that the diagnosis will name: the second go then keeps to
    the rough places. Where the second finds no poses or no view, that is told in the log, and those of the first count.

    Raises:
        CalibrationError: too few poses, or no view, in the first go.
    """

    def plan(count: int, margin: float, taken: HandEyeViews | None = None) -> PoseSet:
        wanted = replace(config, count=count, margin=margin)
        return plan_poses(mount, board, intrinsics, camera, place, workspace, wanted, taken)

    num_first = min(_FIRST, config.count)
    first = shoot(plan(num_first, _ROUGH_MARGIN))
    left = config.count - num_first
    if left == 0:
        return first
    margin = _ROUGH_MARGIN
    if first.count >= MIN_VIEWS:
        try:
            fit = fit_hand_eye(first)
        except CalibrationError:
            fit = None
        if fit is not None and fit.result.is_plausible and fit.result.misfit < _AGREE:
            camera, place, margin = fit.camera, fit.board, config.margin
    try:
        second = shoot(plan(left, margin, first if margin == config.margin else None))
    except CalibrationError as error:  # what was seen so far is worth a diagnosis
        _LOG.warning("only the first %d views count: %s", first.count, error)
        return first
    return joined(first, second)


def joined(first: HandEyeViews, second: HandEyeViews) -> HandEyeViews:
    """The views of one camera one after the other."""
    both = [each.joints for each in (first, second) if each.joints is not None]
    joints: Float64[np.ndarray, "n 6"] = np.concatenate(both)
    return replace(first, detections=first.detections + second.detections, joints=joints)


_FIRST = 12
# The rough places are off by so much [pixel].
_ROUGH_MARGIN = 60.0
# chi2 per degree of freedom.
_AGREE = 4.0
