"""`clam calibrate check`."""

import dataclasses
import datetime
import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro
from rich.table import Table

from calibration.board import Board
from calibration.board_measurement import BoardMeasurement, measure_board, middle_of
from calibration.detection import BoardDetector, Detection
from calibration.drift import UNLIKELY, Drift, Tolerance, Verdict, expected_board, find_drift, probable_cause
from calibration.patience import patiently
from calibration.recording import JOINTS, picture_paths, read_hands, read_info, read_picture
from calibration.resting_joints import resting_joints
from clam_robot import config
from clam_robot.cli.arm_identity import of_arm, serial_of
from clam_robot.cli.calibration_age import ages_in_words, camera_ages
from clam_robot.cli.calibration_files import recorded_at, save, utc_now
from clam_robot.cli.camera_rig import camera_of
from clam_robot.cli.console import console, plural
from clam_robot.cli.widowx import ArmAddress, driver_of
from clam_robot.errors import CalibrationError, ConfigError
from clam_robot.hardware.calibration.calibration import Calibration, load_calibration
from clam_robot.hardware.calibration.camera_calibration import BoardReference, CameraCalibration
from clam_robot.hardware.calibration.pose import to_pose
from clam_robot.hardware.cameras.cameras_file import load_cameras
from clam_robot.timing import MonotonicClock

_COLOURS: dict[Verdict, str] = {"as it was": "green", "drifted": "red", "cannot tell": "yellow"}
_LONGEST_WAIT = 5.0  # for a frame, or a state of the joints [s]


@dataclass(frozen=True, kw_only=True)
class CheckCommand:
    """Look at a board that stays where it is, and tell how far it is from where the calibration has it; nothing moves.

    Once, after calibrating, show every camera a board that is fixed to the table and run this with --remember. A camera
    on the wrist is compared with the board of its hand-eye calibration, too, where that still lies there. Exit code 0
    says that all is as it was, 2 that something has drifted, or that what is tolerated cannot be told from noise.

    Attributes:
        camera: names of the cameras, as in the calibration.
        images: folder with pictures of one camera instead of it; for one on the wrist with its `joints.csv`.
        calibration: file of the calibration.
        widowx: where the arm and its cameras are; the arm is only asked where it is, for a camera on the wrist.
        board: that is looked at; where nothing else is said, the one that was remembered, or else that of hand-eye.
        remember: keep what is seen now to compare with later.
        tolerance: what is still no drift.
        seconds: longest look with each camera.
        pictures: that are enough.
        json: print the result as JSON.
    """

    camera: tuple[str, ...]
    images: Path | None = None
    calibration: Path = Path("calibration.json")
    widowx: Annotated[ArmAddress, tyro.conf.OmitArgPrefixes] = field(default_factory=ArmAddress)
    board: Board = field(default_factory=Board)
    remember: bool = False
    tolerance: Tolerance = field(default_factory=Tolerance)
    seconds: float = 10.0
    pictures: int = 30
    json: bool = False

    def run(self) -> None:
        """Look, compare, tell.

        Raises:
            CalibrationError: something has drifted, or cannot be compared or told; says what.
        """
        if not self.camera or (self.images is not None and len(self.camera) != 1):
            raise ConfigError("--camera: expected names of cameras, and with --images one of them")
        if self.pictures < 1 or self.seconds <= 0.0:
            raise ConfigError(
                f"--pictures, --seconds: expected more than 0, found {self.pictures} and {self.seconds:g}"
            )
        known = load_calibration(self.calibration)
        drifts: dict[str, Drift] = {}
        for name in self.camera:
            camera = known.camera(name, self.calibration)
            views, joints, board = self._look(name, camera)
            seen = measure_board(board, views, camera.intrinsics.intrinsics)
            if self.remember:
                made_at = utc_now() if self.images is None else recorded_at(self.images)
                if joints is not None and self.images is None:
                    known = of_arm(known, serial_of(self.widowx), self.calibration)
                known = _remembered(known, name, seen, joints, made_at)
                console.print(f"{name}: {_in_words(seen, joints)}", markup=False, soft_wrap=True)
            else:
                drifts[name] = find_drift(seen, expected_board(camera, joints, seen), self.tolerance)
        if self.remember:
            save(known, self.calibration)
            return
        cause = probable_cause(drifts, {name: _mount(known.camera(name)) for name in drifts})
        self._tell(drifts, cause, known)
        if any(drift.verdict == "drifted" for drift in drifts.values()):
            raise CalibrationError(f"{self.calibration} does not hold any more: {cause}")
        doubts = [f"{name}: {drift.doubt}" for name, drift in drifts.items() if drift.verdict == "cannot tell"]
        if doubts:
            raise CalibrationError(f"cannot tell whether {self.calibration} still holds: {'; '.join(doubts)}")

    def _look(self, name: str, camera: CameraCalibration) -> tuple[list[Detection], np.ndarray | None, Board]:
        if self.images is not None:
            info = read_info(self.images)
            board = _board(self.board, camera, None if info is None else info.board)
            if info is not None:
                _require_serial(name, info.serial, camera)
                if info.camera != name:
                    raise CalibrationError(
                        f"{self.images} was recorded with camera {info.camera!r}, expected {name!r}; give the pictures "
                        "of this camera"
                    )
            detector, paths = BoardDetector(board), picture_paths(self.images)
            seen = [found for path in paths if (found := detector.detect(read_picture(path))) is not None]
            table = self.images / JOINTS
            joints = np.mean(list(read_hands(table).rows.values()), axis=0) if table.exists() else None
            return seen, joints, board
        if self.widowx.cameras is None:
            raise ConfigError("--cameras, --images: give the file with the cameras, or a folder with pictures")
        board, clock = _board(self.board, camera, None), MonotonicClock()
        device = camera_of(load_cameras(self.widowx.cameras), name, clock)
        detector, seen, joints = BoardDetector(board), list[Detection](), list[np.ndarray]()
        with ExitStack() as stack:
            stack.callback(device.close)
            device.open()
            _require_serial(name, device.serial, camera)
            driver = driver_of(self.widowx, clock) if _mount(camera) == "wrist" else None
            if driver is not None:
                stack.callback(driver.disconnect)
                driver.connect()
            end = clock.now() + self.seconds
            stack.enter_context(console.status(f"{name} looks at the board"))
            while clock.now() < end and len(seen) < self.pictures:
                if (found := detector.detect(device.read(_LONGEST_WAIT).image)) is not None:
                    seen.append(found)
                if driver is not None:
                    joints.append(patiently(driver.read, clock, _LONGEST_WAIT).position)
        return seen, resting_joints(joints) if joints else None, board

    def _tell(self, drifts: dict[str, Drift], cause: str, known: Calibration) -> None:
        now = datetime.datetime.now(datetime.UTC)
        if self.json:
            found = {
                name: {
                    **dataclasses.asdict(drift),
                    "distance": drift.distance,
                    "angle": drift.angle,
                    "verdict": drift.verdict,
                    "age_days": camera_ages(known.camera(name), now),
                }
                for name, drift in drifts.items()
            }
            print_json: Callable[[str], None] = console.print_json
            print_json(json.dumps({"cameras": found, "cause": cause}))
            return
        for name in drifts:
            console.print(f"{name}: {ages_in_words(known.camera(name), now)}", markup=False, soft_wrap=True)
        table = Table("camera", "shift", "turn", "tolerated", "corners", "p-value", "")
        for name, drift in drifts.items():
            table.add_row(
                name,
                f"{1e3 * drift.distance:.1f} ± {1e3 * drift.shift_sigma:.1f} mm",
                f"{1e3 * drift.angle:.1f} ± {1e3 * drift.turn_sigma:.1f} mrad",
                f"{1e3 * drift.tolerance[0]:.1f} mm, {1e3 * drift.tolerance[1]:.1f} mrad",
                f"{drift.rms:.2f} pixels, then {drift.rms_before:.2f}",
                f"{drift.p_value:.2g}",
                f"[{_COLOURS[drift.verdict]}]{drift.verdict}[/]",
            )
        console.print(table)
        console.print(
            "p-value: how often noise alone, of corners and of the arm, would show as much or more; drifted: a p-value "
            f"below {UNLIKELY:g} and more than is tolerated, or corners that fit no pose of the board as well as then",
            markup=False,
            soft_wrap=True,
        )


def _in_words(seen: BoardMeasurement, joints: np.ndarray | None) -> str:
    """What is remembered, and how well it will be told from."""
    x, y, z = seen.T_camera_board.apply(middle_of(seen.board))
    shift, turn = (float(np.sqrt(np.trace(each))) for each in (seen.covariance[3:, 3:], seen.covariance[:3, :3]))
    where = "" if joints is None else f", from joints {', '.join(f'{each:.3f}' for each in joints)} rad"
    return (
        f"remembered a board of {seen.board.columns} x {seen.board.rows} squares, its middle at {x:.3f}, {y:.3f}, "
        f"{z:.3f} m before the camera (right, down, forwards), ± {1e3 * shift:.1f} mm and {1e3 * turn:.1f} mrad by "
        f"{plural(seen.num_views, 'picture')}{where}; leave it where it is"
    )


def _mount(camera: CameraCalibration) -> str:
    if camera.hand_eye is not None:
        return camera.hand_eye.mount
    return "stand" if camera.reference is None or camera.reference.joints is None else "wrist"


def _board(asked: Board, camera: CameraCalibration, pictured: Board | None) -> Board:
    if asked != Board():
        return asked
    if pictured is not None:
        return pictured
    if camera.reference is not None:
        return config.from_dict(Board, camera.reference.board_size, source="reference")
    if camera.hand_eye is not None and camera.hand_eye.mount == "wrist":
        return config.from_dict(Board, camera.hand_eye.board_size, source="hand_eye")
    return asked


def _require_serial(name: str, serial: str, camera: CameraCalibration) -> None:
    if serial != camera.serial:
        raise CalibrationError(
            f"camera {name!r} is {serial!r}, the calibration is of {camera.serial!r}; are two cameras swapped?"
        )


def _remembered(
    known: Calibration, name: str, seen: BoardMeasurement, joints: np.ndarray | None, made_at: str
) -> Calibration:
    reference = BoardReference(
        board=to_pose(seen.T_camera_board),
        covariance=tuple(tuple(float(each) for each in row) for row in seen.covariance),
        rms=seen.rms,
        joints=None if joints is None else tuple(float(each) for each in joints),
        board_size=dataclasses.asdict(seen.board),
        made_at=made_at,
    )
    return known.with_camera(name, replace(known.camera(name), reference=reference))
