"""Forward kinematics of the arm as a product of exponentials (Lynch and Park, Modern Robotics, chapter 4)."""

import numpy as np
from jaxtyping import Float64
from scipy.spatial.transform import RigidTransform

from clam_robot.hardware.wx250s import JOINTS, TOOL_AT_HOME


def tool_pose(position: Float64[np.ndarray, "6"]) -> RigidTransform:
    """Pose of the tool frame, between the finger tips, in the base frame (`T_base_tool`).

    Args:
        position: of the joints [rad].
    """
    return RigidTransform.from_matrix(tool_matrix(position))


def tool_matrix(position: Float64[np.ndarray, "6"]) -> Float64[np.ndarray, "4 4"]:
    """The same as a homogeneous matrix, for whoever needs many."""
    return _chain(position)[-1] @ _TOOL


def tool_jacobian(position: Float64[np.ndarray, "6"]) -> Float64[np.ndarray, "6 6"]:
    """Velocity of the tool frame's origin and its turning, in the base frame, per joint velocity.

    Args:
        position: of the joints [rad].

    Returns:
        Rows: linear x, y, z [m/rad], angular x, y, z [rad/rad]; one column per joint.
    """
    chain = _chain(position)
    tool = (chain[-1] @ _TOOL)[:3, 3]
    before = np.concatenate([np.eye(4)[np.newaxis], chain[:-1]])
    axes = np.einsum("nij,nj->ni", before[:, :3, :3], _AXES)
    points = np.einsum("nij,nj->ni", before[:, :3, :3], _POINTS) + before[:, :3, 3]
    return np.concatenate([np.cross(axes, tool - points), axes], axis=1).T


_AXES = np.array([joint.axis for joint in JOINTS])
_POINTS = np.array([joint.point for joint in JOINTS])
_TOOL = np.eye(4)
_TOOL[:3, 3] = TOOL_AT_HOME


def _chain(position: Float64[np.ndarray, "6"]) -> Float64[np.ndarray, "6 4 4"]:
    """Where each joint and those before it carry what was at home in the base frame."""
    chain = np.empty((len(JOINTS), 4, 4))
    pose = np.eye(4)
    for i, (axis, point, angle) in enumerate(zip(_AXES, _POINTS, position, strict=True)):
        cross = np.array([[0.0, -axis[2], axis[1]], [axis[2], 0.0, -axis[0]], [-axis[1], axis[0], 0.0]])
        turn = np.eye(4)
        turn[:3, :3] += np.sin(angle) * cross + (1.0 - np.cos(angle)) * cross @ cross
        turn[:3, 3] = point - turn[:3, :3] @ point
        pose = pose @ turn
        chain[i] = pose
    return chain
