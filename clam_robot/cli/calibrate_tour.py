"""The arm's tour of a hand-eye calibration: the way, the arm, the camera."""

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro
from scipy.spatial.transform import RigidTransform, Rotation

from calibration.arm_tour import ArmTour, photograph
from calibration.board import Board
from calibration.detection import BoardDetector
from calibration.first_look import first_look, held_board
from calibration.goal_keeper import GoalKeeper
from calibration.guided_views import guided_views
from calibration.hand_eye import MIN_VIEWS
from calibration.hand_eye_views import HandEyeViews, Mount
from calibration.pose_set import PoseSet, PoseSetConfig
from calibration.recording import CaptureInfo, RecordingWriter
from clam_robot import config
from clam_robot.cli.agreement import require_agreement
from clam_robot.cli.arm_identity import serial_of
from clam_robot.cli.calibration_files import tell_recording, utc_now
from clam_robot.cli.camera_rig import camera_of
from clam_robot.cli.console import console, plural
from clam_robot.cli.widowx import ArmAddress, driver_of
from clam_robot.errors import CalibrationError, ConfigError
from clam_robot.hardware.calibration.camera_calibration import CameraCalibration
from clam_robot.hardware.cameras.cameras_file import load_cameras
from clam_robot.hardware.workspace import Box, Workspace, WorkspaceConfig
from clam_robot.timing import MonotonicClock

Place = tuple[float, float, float, float, float, float]
# In the tool's frame, as above a gripper.
_ABOVE_GRIPPER: Place = (-0.06, 0.0, 0.08, -2.2, 0.0, -1.571)
# In the base's frame, flat before the arm, its upper edge away from it.
_BEFORE_ARM: Place = (0.22, 0.10, 0.0, 3.1416, 0.0, -1.571)
# What a person is told whose camera sees no board at the first look.
_NO_BOARD: dict[Mount, str] = {
    "wrist": (
        "{name!r}: expected the board in its picture at the arm's start or with its hand leant up, found none; is the "
        "camera covered, is the board on the table, flat and whole before the arm, and is it the one that --board says "
        "(squares, markers)? Where it lies elsewhere say so with --board-place, a camera elsewhere on the hand with "
        "--camera-place"
    ),
    "stand": (
        "{name!r}: expected the board in the gripper in its picture, at the arm's start or with its hand turned, found "
        "none; is the camera covered, does it look at the hand, is the board held by the middle of its lower edge with "
        "the print up, and is it the one that --board says (squares, markers)? Or say where the camera is with "
        "--camera-place"
    ),
}


@dataclass(frozen=True, kw_only=True)
class TourOptions:
    """How the arm goes; places are rough, to some centimetres and ten degrees, and seldom need to be said.

    What the hand carries is taken to be where it usually is: the camera above the gripper, or the board with the middle
    of its lower edge between the fingers, its print up. What stands still is looked for from the arm's start, and where
    no board is seen the arm goes no further. A place of it that is said is believed instead; so is that of a camera on
    the wrist, which may not look at its board from there.

    Attributes:
        widowx: where the arm is; its `--cameras` holds the camera that is calibrated.
        poses: how many, and where.
        yes: the arm may move without being asked for.
        camera_place: x, y, z [m], roll, pitch, yaw [rad] of the camera (x right, y down, z forwards in its picture), in
            the tool's frame for a camera on the wrist, in the base's for one on a stand.
        board_place: the same of the board (origin in the upper left corner of its print, x right, y down), in the
            base's frame for a camera on the wrist, in the tool's for one on a stand.
    """

    widowx: Annotated[ArmAddress, tyro.conf.OmitArgPrefixes] = field(default_factory=ArmAddress)
    poses: PoseSetConfig = field(default_factory=PoseSetConfig)
    yes: bool = False
    camera_place: Place | None = None
    board_place: Place | None = None


def take_tour(
    options: TourOptions, name: str, mount: Mount, board: Board, known: CameraCalibration, folder: Path
) -> HandEyeViews:
    """Plan, go, see; what is seen is kept in the folder `pictures`.

    Raises:
        CalibrationError: there is no such way, or the camera is another one.
        RobotError: arm or camera do not do what they must.
    """
    from clam_robot.hardware.widowx import WidowX, WidowXConfig
    from clam_robot.hardware.widowx_spec import ActionConfig

    if options.widowx.cameras is None:
        raise ConfigError("--cameras: give the file with the arm's cameras, or --images for pictures that there are")
    if options.poses.count < MIN_VIEWS:
        raise ConfigError(f"--poses.count: expected {MIN_VIEWS} poses or more, found {options.poses.count}")
    arm = WidowXConfig(action=ActionConfig(space="joints"))
    require_agreement(
        "the arm goes to its start, tries itself, looks for the board, and then goes through the poses", options.yes
    )
    clock = MonotonicClock()
    camera = camera_of(load_cameras(options.widowx.cameras), name, clock)
    driver = GoalKeeper(driver_of(options.widowx, clock))
    robot = WidowX(driver, clock, arm)
    with ExitStack() as stack:
        stack.callback(camera.close)
        camera.open()
        if camera.serial != known.serial:
            raise CalibrationError(
                f"camera {name!r} is {camera.serial!r}, its intrinsics are those of {known.serial!r}; are two cameras "
                "swapped? run `clam calibrate intrinsics` for this one"
            )
        info = CaptureInfo(
            camera=name, serial=camera.serial, board=board, arm_serial=serial_of(options.widowx), made_at=utc_now()
        )
        writer = RecordingWriter(folder / "pictures", info)
        stack.callback(tell_recording, writer)
        stack.callback(robot.disconnect)
        robot.connect()
        robot.reset()

        tour, detector = ArmTour(robot, clock), BoardDetector(board)

        def tell(number: int, count: int, problem: str | None) -> None:
            console.print(f"pose {number} of {count}: {problem or 'seen'}", markup=False)

        def shoot(poses: PoseSet) -> HandEyeViews:
            count = plural(len(poses.joints), "pose")
            console.print(f"{count}; the camera's place should then be known to {1000 * poses.sigma:.1f} mm")
            seen, joints = photograph(tour, poses.joints, camera, detector, writer, clock, tell=tell, goal=driver.goal)
            return HandEyeViews(
                mount=mount,
                board=board,
                intrinsics=known.intrinsics.intrinsics,
                detections=tuple(seen),
                joints=joints,
            )

        try:
            carried, still = _carried(options, mount, board), _still(options, mount)
            if still is None:
                still = first_look(
                    tour, camera, detector, known.intrinsics.intrinsics, clock, mount=mount, carried=carried
                )
                still = _told(still, name, mount, options.camera_place is not None)
            eye, print_ = (carried, still) if mount == "wrist" else (still, carried)
            workspace = Workspace(_with_board(arm.arm.workspace, mount, board, print_))
            lens = known.intrinsics.intrinsics
            views = guided_views(mount, board, lens, eye, print_, workspace, options.poses, shoot)
            writer.finish()
            return views
        finally:
            robot.hold()


def _carried(options: TourOptions, mount: Mount, board: Board) -> RigidTransform:
    """What the hand carries, in the tool's frame."""
    if mount == "wrist":
        return _place(options.camera_place or _ABOVE_GRIPPER)
    return held_board(board) if options.board_place is None else _place(options.board_place)


def _still(options: TourOptions, mount: Mount) -> RigidTransform | None:
    """What stands still, in the base's frame, where it was said."""
    said = options.board_place if mount == "wrist" else options.camera_place
    return None if said is None else _place(said)


def _told(found: RigidTransform | None, name: str, mount: Mount, is_camera_told: bool) -> RigidTransform:
    """What was found at first sight, or is taken instead where a camera's unusual place may keep it from seeing.

    Raises:
        CalibrationError: no board was seen that should have been.
    """
    if found is None and not (mount == "wrist" and is_camera_told):
        raise CalibrationError(_NO_BOARD[mount].format(name=name))
    what = "board" if mount == "wrist" else f"camera {name!r}"
    place = _place(_BEFORE_ARM) if found is None else found
    x, y, z = place.translation
    how = "is not seen from the start, and taken to lie" if found is None else "is, roughly,"
    console.print(f"the {what} {how} at {x:.2f}, {y:.2f}, {z:.2f} m from the arm's base", markup=False, soft_wrap=True)
    return place


def _place(numbers: tuple[float, ...]) -> RigidTransform:
    return RigidTransform.from_components(numbers[:3], Rotation.from_euler("xyz", numbers[3:]))


def _with_board(workspace: WorkspaceConfig, mount: Mount, board: Board, place: RigidTransform) -> WorkspaceConfig:
    """With the board on the table; what a hand holds is not known to the arm's rules: the tool stays higher instead."""
    if mount == "stand":
        x, y, z = workspace.low
        reach = float(np.linalg.norm(board.size))
        return config.from_dict(
            WorkspaceConfig, {**config.to_dict(workspace), "low": (x, y, max(z, reach))}, source="workspace"
        )
    corners = place.apply(board.outline())
    corners[:, 2] = workspace.table_height  # it lies there, whatever the first look makes of its height
    low, high = corners.min(axis=0), corners.max(axis=0)
    middle, size = 0.5 * (low + high), np.maximum(high - low, 0.004)
    box = Box(
        name="board",
        center=(float(middle[0]), float(middle[1]), float(middle[2])),
        size=(float(size[0]), float(size[1]), float(size[2])),
    )
    return config.from_dict(
        WorkspaceConfig, {**config.to_dict(workspace), "boxes": [*workspace.boxes, box]}, source="workspace"
    )
