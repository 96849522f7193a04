"""Where the hand is in many poses of the arm at once, and how points on it move with the joints."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64
from scipy.spatial.transform import Rotation

from clam_robot.hardware.wx250s import JOINTS, NUM_JOINTS, TOOL_AT_HOME

_AXES = np.array([joint.axis for joint in JOINTS])
_POINTS = np.array([joint.point for joint in JOINTS])


@dataclass(frozen=True, kw_only=True, eq=False)
class HandMotions:
    """Poses of the hand, and six motions it can make in each: one for each joint, or along and about the base's axes.

    Attributes:
        poses: (n, 4, 4) of the tool in the base frame (`T_base_tool`).
        linear: (n, 6, 3) velocity of the point of the hand that is at the base's origin.
        angular: (n, 6, 3) of the hand.
    """

    poses: Float64[np.ndarray, "n 4 4"]
    linear: Float64[np.ndarray, "n 6 3"]
    angular: Float64[np.ndarray, "n 6 3"]

    def shifts_of(
        self, points: Float64[np.ndarray, "p 3"], view: Int64[np.ndarray, "p"]
    ) -> Float64[np.ndarray, "p 3 6"]:
        """How points in the base frame that are fixed to the hand move, each in the pose of its own number."""
        angular = self.angular[view]
        x, y, z = points[:, :1], points[:, 1:2], points[:, 2:]
        wx, wy, wz = angular[..., 0], angular[..., 1], angular[..., 2]
        return self.linear[view].transpose(0, 2, 1) + np.stack(
            [wy * z - wz * y, wz * x - wx * z, wx * y - wy * x], axis=1
        )


def motions_of_joints(joints: Float64[np.ndarray, "n 6"]) -> HandMotions:
    """By the joints' positions [rad]; a unit of motion is a radian of a joint."""
    count = len(joints)
    pose = np.tile(np.eye(4), (count, 1, 1))
    angular, linear = np.empty((count, NUM_JOINTS, 3)), np.empty((count, NUM_JOINTS, 3))
    for i, (axis, point) in enumerate(zip(_AXES, _POINTS, strict=True)):
        turned = pose[:, :3, :3] @ axis
        at = pose[:, :3, :3] @ point + pose[:, :3, 3]
        angular[:, i], linear[:, i] = turned, -np.cross(turned, at)
        step = np.tile(np.eye(4), (count, 1, 1))
        step[:, :3, :3] = Rotation.from_rotvec(joints[:, i : i + 1] * axis).as_matrix()
        step[:, :3, 3] = point - step[:, :3, :3] @ point
        pose = pose @ step
    tool = np.eye(4)
    tool[:3, 3] = TOOL_AT_HOME
    return HandMotions(poses=pose @ tool, linear=linear, angular=angular)


def motions_of_poses(poses: Float64[np.ndarray, "n 4 4"]) -> HandMotions:
    """Of recorded poses: three shifts along the base's axes [m], three turns about axes through the tool [rad]."""
    axes, zero = np.eye(3), np.zeros((3, 3))
    angular = np.tile(np.concatenate([zero, axes]), (len(poses), 1, 1))
    linear = np.tile(np.concatenate([axes, zero]), (len(poses), 1, 1))
    linear[:, 3:] = -np.cross(axes[np.newaxis], poses[:, np.newaxis, :3, 3])
    return HandMotions(poses=poses, linear=linear, angular=angular)
