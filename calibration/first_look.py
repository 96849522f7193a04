"""Where the thing that stands still is, roughly, so that a person need not measure it: the first look tells."""

import numpy as np
from scipy.spatial.transform import RigidTransform, Rotation

from calibration.arm_tour import ArmTour, fresh_frame
from calibration.board import Board
from calibration.board_pose import board_pose
from calibration.detection import BoardDetector, Detection
from calibration.hand_eye_views import Mount
from clam_robot.errors import ArmStopped, RobotError
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
        ArmStopped: the stop is latched.
        CameraError: the camera is gone.
    """
    found = see_board(tour, camera, detector, clock, mount)
    if found is None:
        return None
    seen = board_pose(detector.board, found, intrinsics).T_camera_board
    hand = tool_pose(tour.joints()) * carried
    return hand * seen if mount == "wrist" else hand * seen.inv()


def see_board(tour: ArmTour, camera: Camera, detector: BoardDetector, clock: Clock, mount: Mount) -> Detection | None:
    """Turn the hand until the camera sees the board, and stay there; None where it never does.

    Raises:
        ArmStopped: the stop is latched.
        CameraError: the camera is gone.
    """
    start = tour.joints()
    for wrist_angle, wrist_rotate in _ANGLES[mount]:
        try:
            tour.go(start + np.array([0.0, 0.0, 0.0, 0.0, wrist_angle, wrist_rotate]))
        except ArmStopped:  # it turns nowhere until a person has looked into it
            raise
        except RobotError:  # something is in this way; there are others
            continue
        found = detector.detect(fresh_frame(camera, clock).image)
        if found is not None:
            return found
    return None


def held_board(board: Board) -> RigidTransform:
    """Pose in the tool's frame of a board that the fingers hold by the middle of its lower edge, its print up."""
    width, height = board.size
    turn = Rotation.from_matrix(np.array([[0.0, -1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, -1.0]]))
    return RigidTransform.from_components([height, 0.5 * width, 0.0], turn)


# Of wrist_angle and wrist_rotate [rad]. A hand that points down shows its board to the front: turned far it shows it to
# cameras behind the arm, leant up to those above.
_ANGLES: dict[Mount, tuple[tuple[float, float], ...]] = {
    "wrist": ((0.0, 0.0), (-0.4, 0.0)),
    "stand": (
        *((0.0, 0.0), (-0.7, 0.0), (-0.7, 0.8), (0.0, 1.6), (0.3, 2.4)),
        *((0.3, 3.0), (0.3, -2.4), (0.0, -1.6), (-0.7, -0.8)),
    ),
}
