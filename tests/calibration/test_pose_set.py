from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from scipy.spatial.transform import RigidTransform

from calibration.hand_motion import motions_of_joints
from calibration.pose_set import PoseSetConfig, plan_poses
from calibration.rotation_spread import rotation_spread
from clam_robot.errors import CalibrationError
from clam_robot.hardware.workspace import Box, Workspace
from tests.calibration.rendered_hand_eye import WORKSPACE
from tests.calibration.synthetic_hand_eye import HELD_BOARD, shoot, synthetic_views, truth
from tests.calibration.synthetic_views import BOARD, LENS

CONFIG = PoseSetConfig(count=12, num_candidates=8000)


@pytest.mark.parametrize("mount", ["wrist", "stand"])
def test_poses_are_clear_see_the_board_and_turn_about_all_axes(mount: Literal["wrist", "stand"]) -> None:
    rng = np.random.default_rng(0)
    true, board = truth(rng, mount, offset=0.0), BOARD if mount == "wrist" else HELD_BOARD
    workspace = Workspace(WORKSPACE)
    found = plan_poses(mount, board, LENS, true.camera, true.board, workspace, CONFIG)
    assert found.joints.shape == (12, 6)
    assert 0.0 < found.sigma < 1e-3
    for joints in found.joints:
        assert workspace.nearness(joints) == []
        seen = shoot(true, joints, rng, mount=mount, board=board, noise=0.0)
        assert len(seen.ids) >= 0.75 * board.num_corners
    assert min(rotation_spread(motions_of_joints(found.joints).poses).turns) > 0.1


def test_chosen_poses_tell_more_than_random_ones() -> None:
    rng = np.random.default_rng(1)
    true = truth(rng, "wrist", offset=0.0)
    found = plan_poses("wrist", BOARD, LENS, true.camera, true.board, Workspace(WORKSPACE), CONFIG)
    random = synthetic_views(rng, true, mount="wrist", count=12)
    assert random.joints is not None
    spreads = [min(rotation_spread(motions_of_joints(each).poses).turns) for each in (found.joints, random.joints)]
    assert spreads[0] > spreads[1]


def test_board_out_of_sight_is_told() -> None:
    true = truth(np.random.default_rng(0), "wrist")
    far = RigidTransform.from_translation([0.0, 0.0, -3.0]) * true.board
    with pytest.raises(CalibrationError, match="rough places"):
        plan_poses("wrist", BOARD, LENS, true.camera, far, Workspace(WORKSPACE), CONFIG)


def test_boxes_in_the_way_are_told() -> None:
    true = truth(np.random.default_rng(0), "wrist")
    wall = Box(name="wall", center=(0.3, 0.0, 0.3), size=(0.5, 1.0, 0.6))
    with pytest.raises(CalibrationError, match="too near the table"):
        plan_poses("wrist", BOARD, LENS, true.camera, true.board, Workspace(replace(WORKSPACE, boxes=(wall,))), CONFIG)
