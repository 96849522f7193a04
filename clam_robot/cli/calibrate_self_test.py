"""`clam calibrate self-test`."""

from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

import tyro
from scipy.spatial.transform import RigidTransform

from calibration.arm_tour import ArmTour, fresh_frame
from calibration.board import Board
from calibration.board_pose import board_pose
from calibration.convention_drive import ConventionDrive, Look
from calibration.conventions import judge_camera, judge_commands, judge_gripper
from calibration.detection import BoardDetector
from calibration.first_look import see_board
from clam_robot.cli.agreement import require_agreement
from clam_robot.cli.camera_rig import camera_of
from clam_robot.cli.console import console
from clam_robot.cli.widowx import ArmAddress, driver_of
from clam_robot.errors import ConfigError, SelfTestFailed
from clam_robot.hardware.calibration.calibration import load_calibration
from clam_robot.hardware.calibration.intrinsics import Intrinsics
from clam_robot.hardware.cameras.camera import Camera
from clam_robot.hardware.cameras.cameras_file import load_cameras
from clam_robot.timing import Clock, MonotonicClock

_NO_BOARD = (
    "the camera sees no board, from the arm's start and with its hand turned; put the board into its view (without "
    "--camera commands and joints alone are compared). If it is there, a joint turns the other way than it reports"
)


@dataclass(frozen=True, kw_only=True)
class SelfTestCommand:
    """Move 1 cm along and 5 degrees about every axis, and say which axis or sign is wrong, if one is.

    Commands are compared with the joints' kinematics, and those, where --camera is given and a board is in its view,
    with what the camera sees. The arm moves slowly, half a metre of room is enough, and Ctrl-C stops it.

    Attributes:
        address: where the arm is; its `--cameras` holds the camera.
        camera: its name, calibrated; none compares commands and joints only.
        board: that is in its view.
        calibration: with the camera's place.
        yes: the arm may move without being asked for.
    """

    address: Annotated[ArmAddress, tyro.conf.OmitArgPrefixes] = field(default_factory=ArmAddress)
    camera: str | None = None
    board: Board = field(default_factory=Board)
    calibration: Path = Path("calibration.json")
    yes: bool = False

    def run(self) -> None:
        """Move, compare, tell."""
        from clam_robot.hardware.widowx import WidowX, WidowXConfig

        known = (
            None if self.camera is None else load_calibration(self.calibration).camera(self.camera, self.calibration)
        )
        if known is not None and known.hand_eye is None:
            raise ConfigError(f"--camera: where {self.camera!r} is, is not known; run `clam calibrate hand-eye` first")
        clock = MonotonicClock()
        camera = None if known is None else self._camera(clock)
        require_agreement(
            "the arm goes to its start, moves 1 cm along and 5 degrees about every axis, and at last its gripper "
            "closes and opens, and drops what it holds",
            self.yes,
        )
        # What is tried here in detail need not be tried before.
        robot = WidowX(driver_of(self.address, clock), clock, replace(WidowXConfig(), self_test=None))
        with ExitStack() as stack:
            look: Look = _nothing
            if camera is not None:
                stack.callback(camera.close)
                camera.open()
            stack.callback(robot.disconnect)
            robot.connect()
            robot.reset()
            if known is not None and known.hand_eye is not None and camera is not None:
                lens, detector = known.intrinsics.intrinsics, BoardDetector(self.board)
                if see_board(ArmTour(robot, clock), camera, detector, clock, known.hand_eye.mount) is None:
                    raise SelfTestFailed(_NO_BOARD)
                look = _looking(camera, clock, detector, lens)
            trials, gripper = ConventionDrive(robot, clock, look, console.print).run()
        wrong = [judge_commands(trials), judge_gripper(gripper)]
        if known is not None and known.hand_eye is not None:
            wrong.append(judge_camera(trials, known.hand_eye.camera.transform(), known.hand_eye.mount))
        if any(wrong):
            raise SelfTestFailed("; ".join(each for each in wrong if each))
        console.print("every axis, its sign and the gripper are as they should be")

    def _camera(self, clock: Clock) -> Camera:
        if self.address.cameras is None or self.camera is None:
            raise ConfigError("--cameras: give the file with the arm's cameras")
        return camera_of(load_cameras(self.address.cameras), self.camera, clock)


def _nothing() -> RigidTransform | None:
    return None


def _looking(camera: Camera, clock: Clock, detector: BoardDetector, lens: Intrinsics) -> Look:
    def look() -> RigidTransform | None:
        found = detector.detect(fresh_frame(camera, clock).image)
        return None if found is None else board_pose(detector.board, found, lens).T_camera_board

    return look
