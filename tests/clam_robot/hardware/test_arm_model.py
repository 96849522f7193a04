import mujoco
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clam_robot.hardware import wx250s
from clam_robot.hardware.arm_model import FINGER_JOINTS, TOOL_SITE, TOTAL_MASS, arm_model

MODEL = arm_model()
LOW, HIGH = wx250s.joint_limits()


def twist(joint: wx250s.Joint, angle: float) -> np.ndarray:
    """exp([S] angle) of a revolute screw, by Rodrigues' formula."""
    axis = np.array(joint.axis)
    cross = np.cross(np.eye(3), axis)
    rotation = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    transform = np.eye(4)
    transform[:3, :3] = rotation
    transform[:3, 3] = (np.eye(3) - rotation) @ np.array(joint.point)
    return transform


def product_of_exponentials(position: np.ndarray) -> np.ndarray:
    tool = np.eye(4)
    tool[:3, 3] = wx250s.TOOL_AT_HOME
    for joint, angle in reversed(list(zip(wx250s.JOINTS, position, strict=True))):
        tool = twist(joint, angle) @ tool
    return tool


@given(st.lists(st.floats(0, 1), min_size=6, max_size=6))
def test_tool_stands_where_the_screw_axes_put_it(fractions: list[float]) -> None:
    position = LOW + np.array(fractions) * (HIGH - LOW)
    data = mujoco.MjData(MODEL)
    data.qpos[:6] = position
    mujoco.mj_kinematics(MODEL, data)
    expected = product_of_exponentials(position)
    site = data.site(TOOL_SITE)
    rotation = expected[:3, :3].T @ site.xmat.reshape(3, 3)
    angle = (
        np.linalg.norm(
            [rotation[2, 1] - rotation[1, 2], rotation[0, 2] - rotation[2, 0], rotation[1, 0] - rotation[0, 1]]
        )
        / 2
    )
    assert np.linalg.norm(site.xpos - expected[:3, 3]) < 1e-4
    assert np.trace(rotation) > 2.9
    assert angle < 1e-4


def test_joints_are_the_published_ones_in_order() -> None:
    names = [MODEL.joint(i).name for i in range(MODEL.njnt)]
    assert names == [*wx250s.JOINT_NAMES, *FINGER_JOINTS]
    np.testing.assert_allclose(MODEL.jnt_range[:6, 0], LOW)
    np.testing.assert_allclose(MODEL.jnt_range[:6, 1], HIGH)
    np.testing.assert_allclose(MODEL.jnt_range[6], (wx250s.FINGER_CLOSED, wx250s.FINGER_OPEN))


def test_masses_add_up_to_the_published_one() -> None:
    assert MODEL.body_mass.sum() == pytest.approx(TOTAL_MASS, abs=0.005)


@pytest.mark.parametrize("pose", ["HOME", "NEUTRAL", "SLEEP"])
def test_links_are_apart_in_the_poses_it_takes(pose: str) -> None:
    data = mujoco.MjData(MODEL)
    data.qpos[:6] = getattr(wx250s, pose)
    data.qpos[6:] = wx250s.FINGER_OPEN, -wx250s.FINGER_OPEN
    mujoco.mj_forward(MODEL, data)
    deep = [
        (MODEL.geom(c.geom1).name, MODEL.geom(c.geom2).name, c.dist)
        for c in data.contact[: data.ncon]
        if c.dist < -0.001
    ]
    assert not deep


def test_arm_that_strikes_its_own_base_is_noticed() -> None:
    data = mujoco.MjData(MODEL)
    data.qpos[:6] = 0.0, 1.9, 1.5, 0.0, 1.5, 0.0
    mujoco.mj_forward(MODEL, data)
    assert data.ncon > 0
