"""What was seen while the hand stood still in one pose after the other."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Float64
from scipy.spatial.transform import Rotation

from calibration.board import Board
from calibration.detection import Detection
from clam_robot.errors import CalibrationError
from clam_robot.hardware.calibration.intrinsics import Intrinsics
from clam_robot.hardware.kinematics import tool_matrix

Mount = Literal["wrist", "stand"]


@dataclass(frozen=True, kw_only=True, eq=False)
class HandEyeViews:
    """Views of one camera in the order they were taken.

    "wrist": the camera is on the hand, the board lies still. "stand": the camera stands still, the board is held.

    Attributes:
        mount: of the camera.
        board: that was looked at.
        intrinsics: of the camera.
        detections: of the board, one of each view.
        joints: (n, 6) as the arm reported them [rad]; None where only the hand's pose was recorded.
        tool: (n, 6) x, y, z [m], roll, pitch, yaw [rad] of the hand in the base frame, turned about the fixed axes
            x, y, z in this order; None where there are joints.
    """

    mount: Mount
    board: Board
    intrinsics: Intrinsics
    detections: tuple[Detection, ...]
    joints: Float64[np.ndarray, "n 6"] | None = None
    tool: Float64[np.ndarray, "n 6"] | None = None

    def __post_init__(self) -> None:
        if (self.joints is None) == (self.tool is None):
            raise CalibrationError("expected joints or poses of the hand, one of the two, for every view")
        rows = self.joints if self.joints is not None else self.tool
        assert rows is not None
        if len(rows) != len(self.detections):
            raise CalibrationError(f"expected one row of joints per view, found {len(rows)} for {len(self.detections)}")
        if not np.isfinite(rows).all():
            raise CalibrationError("expected finite joints, found NaN or infinity; leave those views out")
        sizes = {(each.width, each.height) for each in self.detections}
        wanted = (self.intrinsics.width, self.intrinsics.height)
        if sizes - {wanted}:
            found = ", ".join(f"{width} x {height}" for width, height in sorted(sizes))
            raise CalibrationError(
                f"the intrinsics are for pictures of {wanted[0]} x {wanted[1]}, the views have {found}; "
                "is it another camera, or another resolution?"
            )

    @property
    def count(self) -> int:
        """Of the views."""
        return len(self.detections)

    def hands(self) -> Float64[np.ndarray, "n 4 4"]:
        """Poses of the tool in the base frame (`T_base_tool`)."""
        if self.joints is not None:
            return np.array([tool_matrix(each) for each in self.joints])
        assert self.tool is not None
        poses = np.tile(np.eye(4), (self.count, 1, 1))
        poses[:, :3, :3] = Rotation.from_euler("xyz", self.tool[:, 3:]).as_matrix()
        poses[:, :3, 3] = self.tool[:, :3]
        return poses

    def only(self, views: Sequence[int]) -> "HandEyeViews":
        """Some of the views."""
        chosen = list(views)
        return replace(
            self,
            detections=tuple(self.detections[i] for i in chosen),
            joints=None if self.joints is None else self.joints[chosen],
            tool=None if self.tool is None else self.tool[chosen],
        )
