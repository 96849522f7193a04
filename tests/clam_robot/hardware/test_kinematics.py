"""Forward kinematics: the published home, and velocities that are derivatives of poses."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from clam_robot.hardware.kinematics import tool_jacobian, tool_pose
from clam_robot.hardware.wx250s import HOME, TOOL_AT_HOME, joint_limits

LOW, HIGH = joint_limits()
POSITIONS = st.tuples(*(st.floats(low, high) for low, high in zip(LOW, HIGH, strict=True))).map(np.array)


def test_at_home_the_tool_is_stretched_forwards() -> None:
    pose = tool_pose(np.array(HOME))
    np.testing.assert_allclose(pose.translation, TOOL_AT_HOME, atol=1e-12)
    np.testing.assert_allclose(pose.rotation.as_matrix(), np.eye(3), atol=1e-12)


def test_the_waist_turns_everything_about_the_vertical() -> None:
    turned = tool_pose(np.array([np.pi / 2, 0.0, 0.0, 0.0, 0.0, 0.0]))
    np.testing.assert_allclose(turned.translation, [0.0, TOOL_AT_HOME[0], TOOL_AT_HOME[2]], atol=1e-9)


@given(POSITIONS)
def test_the_jacobian_is_the_derivative_of_the_pose(position: np.ndarray) -> None:
    step = 1e-6
    for joint, column in enumerate(tool_jacobian(position).T):
        ahead, behind = (tool_pose(position + sign * step * np.eye(6)[joint]) for sign in (1, -1))
        linear = (ahead.translation - behind.translation) / (2 * step)
        angular = (ahead.rotation * behind.rotation.inv()).as_rotvec() / (2 * step)
        np.testing.assert_allclose(column, np.concatenate([linear, angular]), atol=1e-6)
