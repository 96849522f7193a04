"""One small motion of a self-test: what was asked for, and what joints and camera say of it."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from scipy.spatial.transform import RigidTransform

from clam_robot.hardware.kinematics import tool_pose
from clam_robot.hardware.pose_change import difference

AXES = ("x", "y", "z", "roll", "pitch", "yaw")


@dataclass(frozen=True, kw_only=True, eq=False)
class ConventionTrial:
    """A motion from rest to rest.

    Attributes:
        asked: dx, dy, dz [m], droll, dpitch, dyaw [rad] in the base frame; all but one are 0.
        before: joints [rad].
        after: [rad].
        board_before: pose of a board in the camera's frame; None where none was seen.
        board_after: the same afterwards.
    """

    asked: Float64[np.ndarray, "6"]
    before: Float64[np.ndarray, "6"]
    after: Float64[np.ndarray, "6"]
    board_before: RigidTransform | None = None
    board_after: RigidTransform | None = None

    @property
    def axis(self) -> int:
        """That was asked for."""
        return int(np.argmax(np.abs(self.asked)))

    def moved(self, signs: Float64[np.ndarray, "6"] | None = None) -> Float64[np.ndarray, "6"]:
        """What the hand did by the joints' kinematics, were some joints to count the other way round."""
        turned = np.ones(6) if signs is None else signs
        return difference(tool_pose(turned * self.before), tool_pose(turned * self.after))


@dataclass(frozen=True, kw_only=True, eq=False)
class GripperTrial:
    """The fingers, told to open and to close.

    Attributes:
        opened: opening that was measured after the one, 0 to 1.
        closed: after the other.
    """

    opened: float
    closed: float
