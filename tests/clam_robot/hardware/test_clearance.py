"""Which ways are clear for joints that are not where their set-points are."""

import numpy as np
import pytest

from clam_robot.hardware.clearance import Clearance
from clam_robot.hardware.inverse_kinematics import IkConfig, InverseKinematics
from clam_robot.hardware.kinematics import tool_pose
from clam_robot.hardware.pose_change import moved
from clam_robot.hardware.widowx import START
from clam_robot.hardware.workspace import Workspace, WorkspaceConfig

PERIOD = 0.02  # [s]
STUCK = np.array([0, 0.02, 0, 0, 0, 0])  # the shoulder, further down than its set-point [rad]


@pytest.fixture(scope="module")
def workspace() -> Workspace:
    return Workspace(WorkspaceConfig())


@pytest.fixture(scope="module")
def low(workspace: Workspace) -> np.ndarray:
    """Set-points near the table, and clear of it."""
    position = np.array(START)
    down = np.array([0, 0, -0.002, 0, 0, 0, 1], np.float32)
    while not workspace.nearness(further := way(workspace, position, down)[-1]):
        position = further
    return position


def way(workspace: Workspace, start: np.ndarray, action: np.ndarray) -> np.ndarray:
    """Set-points (50, 6) to where an action leads."""
    end = InverseKinematics(workspace, IkConfig()).solve(moved(tool_pose(start), action), start, 1.0).position
    return start + np.linspace(0, 1, 50)[:, None] * (end - start)


@pytest.mark.parametrize(
    ("action", "is_clear", "is_clear_stuck"),
    [
        ([0, 0, 0.01, 0, 0, 0], True, True),
        ([0.01, 0, 0.002, 0, 0, 0], True, True),
        ([0, 0, -0.001, 0, 0, 0], True, False),
    ],
)
def test_joints_that_friction_keeps_too_near_come_no_nearer(
    workspace: Workspace, low: np.ndarray, action: list[float], is_clear: bool, is_clear_stuck: bool
) -> None:
    clearance, above = (
        Clearance(workspace, PERIOD),
        way(workspace, low, np.array([0, 0, 0.001, 0, 0, 0, 1], np.float32))[-1],
    )
    setpoints = way(workspace, above, np.array([*action, 1], np.float32))
    stuck = above + STUCK
    assert not clearance.may_rest(stuck)
    assert clearance.is_clear(setpoints, above, above, np.zeros(6)) == is_clear
    assert clearance.is_clear(setpoints, above, stuck, np.zeros(6)) == is_clear_stuck
