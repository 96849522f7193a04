"""Where the thing that stands still is, roughly, so that a person need not measure it: the first look tells."""

import numpy as np
from jaxtyping import Float64
from scipy.spatial.transform import RigidTransform, Rotation

from calibration.arm_tour import ArmTour, fresh_frame
from calibration.board import Board
from calibration.board_pose import board_pose
from calibration.detection import BoardDetector
from calibration.hand_eye_views import Mount
from clam_robot.errors import RobotError
from clam_robot.hardware.calibration.intrinsics import Intrinsics
from clam_robot.hardware.cameras.camera import Camera
from clam_robot.hardware.kinematics import tool_pose
from clam_robot.timing import Clock


def first_look(
    tour: ArmTour,
    camera: Camera,
    detector: BoardDetector,
    intrinsics: Intrinsics,
    clock: Clock,
    *,
    mount: Mount,
    carried: RigidTransform,
) -> RigidTransform | None:
    """Look from where the arm is, and with its hand turned, until the board is seen.

    Args:
        tour: of the arm, at its start.
        camera: open.
        detector: of the board.
        intrinsics: of the camera.
        clock: the camera's.
        mount: of the camera.
        carried: rough pose in the tool's frame of what the hand carries: the camera (wrist) or the board (stand).

    Returns:
        Rough pose in the base's frame of the other: the board (wrist) or the camera (stand); None where none was seen.

    Raises:
        CameraError: the camera is gone.
    """
    start = tour.joints()
    for turn in _TURNS[mount]:
        try:
            tour.go(start + turn)
        except RobotError:  # something is in this way; there are others
            continue
        found = detector.detect(fresh_frame(camera, clock).image)
        if found is None:
            continue
        seen = board_pose(detector.board, found, intrinsics).T_camera_board
        hand = tool_pose(tour.joints()) * carried
        return hand * seen if mount == "wrist" else hand * seen.inv()
    return None


def held_board(board: Board) -> RigidTransform:
    """Pose in the tool's frame of a board that the fingers hold by the middle of its lower edge, its print up."""
    width, height = board.size
    turn = Rotation.from_matrix(np.array([[0.0, -1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, -1.0]]))
    return RigidTransform.from_components([height, 0.5 * width, 0.0], turn)


def _turns(wrist_angles: tuple[float, ...], wrist_rotates: tuple[float, ...]) -> list[Float64[np.ndarray, "6"]]:
    return [np.array([0.0, 0.0, 0.0, 0.0, angle, turn]) for angle in wrist_angles for turn in wrist_rotates]


# A camera on a stand may be anywhere about the arm.
_TURNS: dict[Mount, list[Float64[np.ndarray, "6"]]] = {
    "wrist": _turns((0.0, -0.4), (0.0,)),
    "stand": _turns((0.0, -0.7), (0.0, 1.5, -1.5, 3.0)),
}
