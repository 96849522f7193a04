"""`clam calibrate self-test`."""

from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

import tyro
from scipy.spatial.transform import RigidTransform

from calibration.board import Board
from calibration.board_pose import board_pose
from calibration.convention_drive import ConventionDrive, Look
from calibration.conventions import judge_camera, judge_commands, judge_gripper
from calibration.detection import BoardDetector
from clam_robot import config
from clam_robot.cli.agreement import require_agreement
from clam_robot.cli.camera_rig import camera_of
from clam_robot.cli.console import console
from clam_robot.cli.widowx import ArmAddress, driver_of
from clam_robot.errors import ConfigError, SelfTestFailed
from clam_robot.hardware.calibration.calibration import load_calibration
from clam_robot.hardware.calibration.intrinsics import Intrinsics
from clam_robot.hardware.cameras.camera import Camera
from clam_robot.hardware.cameras.setup import CamerasConfig
from clam_robot.timing import Clock, MonotonicClock


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

        known = None if self.camera is None else load_calibration(self.calibration).camera(self.camera)
        if known is not None and known.hand_eye is None:
            raise ConfigError(f"--camera: where {self.camera!r} is, is not known; run `clam calibrate hand-eye` first")
        require_agreement(
            "the arm goes to its start, moves 1 cm along and 5 degrees about every axis, and its gripper closes and "
            "opens",
            self.yes,
        )
        clock = MonotonicClock()
        # What is tried here in detail need not be tried before.
        robot = WidowX(driver_of(self.address, clock), clock, replace(WidowXConfig(), self_test=None))
        with ExitStack() as stack:
            look: Look = _nothing
            if known is not None:
                camera = self._camera(clock)
                stack.callback(camera.close)
                camera.open()
                look = _looking(camera, clock, self.board, known.intrinsics.intrinsics)
            stack.callback(robot.disconnect)
            robot.connect()
            robot.reset()
            trials, gripper = ConventionDrive(robot, clock, look, console.print).run()
        wrong = [judge_commands(trials), judge_gripper(gripper)]
        if known is not None and known.hand_eye is not None:
            if all(each.board_after is None for each in trials):
                console.print("the camera saw no board: joints and camera were not compared")
            wrong.append(judge_camera(trials, known.hand_eye.camera.transform(), known.hand_eye.mount))
        if any(wrong):
            raise SelfTestFailed("; ".join(each for each in wrong if each))
        console.print("every axis, its sign and the gripper are as they should be")

    def _camera(self, clock: Clock) -> Camera:
        if self.address.cameras is None or self.camera is None:
            raise ConfigError("--cameras: give the file with the arm's cameras")
        return camera_of(config.load(CamerasConfig, self.address.cameras), self.camera, clock)


def _nothing() -> RigidTransform | None:
    return None


def _looking(camera: Camera, clock: Clock, board: Board, lens: Intrinsics) -> Look:
    detector = BoardDetector(board)

    def look() -> RigidTransform | None:
        asked = clock.now()
        while (frame := camera.read(_LONGEST_WAIT)).time < asked:
            pass
        found = detector.detect(frame.image)
        return None if found is None else board_pose(board, found, lens).T_camera_board

    return look


_LONGEST_WAIT = 5.0  # for a frame [s]
