"""`clam calibrate hand-eye`."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro

from calibration.board import Board
from calibration.bundle_settings import OBSERVABLE, BundleSettings
from calibration.diagnosis import Diagnosis, diagnose
from calibration.hand_eye import HandEyeFit, board_scale_of
from calibration.hand_eye_report import report_hand_eye
from calibration.hand_eye_views import HandEyeViews, Mount
from calibration.provenance import Provenance
from calibration.recording import picture_paths, read_info
from calibration.records import hand_eye_record
from clam_robot.cli.arm_identity import of_arm, serial_of
from clam_robot.cli.calibrate_tour import TourOptions, take_tour
from clam_robot.cli.calibration_files import load_or_new, recorded_at, save, utc_now
from clam_robot.cli.console import console, plural
from clam_robot.cli.recorded_camera import doubts_of_recording, refuse
from clam_robot.cli.recorded_views import not_seen, recorded_views
from clam_robot.cli.writable import require_writable
from clam_robot.errors import CalibrationError
from clam_robot.hardware.calibration.calibration import Calibration


@dataclass(frozen=True, kw_only=True)
class HandEyeCommand:
    """Find where a camera is, on the hand or on a stand, and how far the joints' zeros are off.

    Run `clam calibrate intrinsics` first. For a camera on the wrist lay the board on the table; for one on a stand fix
    it to the gripper. Live, the arm goes through poses that keep clear of everything and tell most. Pictures and
    joints are kept, and --images with --joints does the same again from them. The table of --joints has the columns
    picture (file name) and waist, shoulder, elbow, forearm_roll, wrist_angle, wrist_rotate [rad], or, from other
    software, x, y, z [m], roll, pitch, yaw [rad] of the tool in the base frame.

    Attributes:
        camera: its name, as in `cameras.toml` and the calibration.
        mount: wrist or stand.
        images: folder with pictures instead of camera and arm.
        joints: table of the arm's positions; `joints.csv` in the folder by default.
        board: that is seen; a folder of this command knows its own, unless another is given here.
        out: where the calibration is kept.
        folder: for pictures and report; `calibration/NAME_hand_eye` by default.
        offsets: find the joints' offsets, too; without it they are taken for right.
        accept: write the result although something is wrong with it, or the pictures are of another camera.
        tour: how the arm goes, live.
    """

    camera: str
    mount: Mount
    images: Path | None = None
    joints: Path | None = None
    board: Board = field(default_factory=Board)
    out: Path = Path("calibration.json")
    folder: Path | None = None
    offsets: bool = True
    accept: bool = False
    tour: Annotated[TourOptions, tyro.conf.arg(name="")] = field(default_factory=TourOptions)

    def run(self) -> None:
        """See, fit, look for mistakes, report, write."""
        folder = self.folder or Path("calibration") / f"{self.camera}_hand_eye"
        require_writable(self.out, folder)
        calibration = load_or_new(self.out)
        known = calibration.camera(self.camera, self.out)
        arm_serial = self._arm()
        calibration = of_arm(calibration, arm_serial, self.out)
        if self.images is not None:
            self._require_camera(self.images, calibration)
            views, names = recorded_views(self.images, self.joints, self.mount, self.board, known)
            pictures, passed_over = [self.images / each for each in names], not_seen(self.images, names)
            taken_at = recorded_at(self.images)
        else:
            taken_at = utc_now()
            views = take_tour(self.tour, self.camera, self.mount, self.board, known, folder)
            pictures, passed_over = picture_paths(folder / "pictures"), dict[Path, str]()
        source = Provenance(
            camera=self.camera,
            camera_serial=known.serial,
            board=views.board,
            taken_at=taken_at,
            made_at=utc_now(),
            arm_serial=arm_serial,
            pictures=tuple(pictures),
            passed_over=passed_over,
        )
        is_free = self.offsets and views.joints is not None
        settings = BundleSettings(
            offsets=OBSERVABLE if is_free else (), intrinsics_covariance=np.array(known.intrinsics.covariance)
        )
        others = {name: each.intrinsics.intrinsics for name, each in calibration.cameras.items() if name != self.camera}
        with console.status(f"fitting {plural(views.count, 'view')} and looking for mistakes"):
            found = diagnose(views, settings, others)
        folder.mkdir(parents=True, exist_ok=True)
        self._tell(found, folder, source, views)
        if found.fit is None or (found.findings and not self.accept):
            raise CalibrationError(f"{self.out} stays as it was: {'; '.join(each.message for each in found.findings)}")
        record = hand_eye_record(found.fit, board_scale_of(found.fit, settings), taken_at)
        save(calibration.with_camera(self.camera, replace(known, hand_eye=record)), self.out)

    def _arm(self) -> str | None:
        """Serial number of the arm that moves, or moved."""
        if self.images is None:
            return serial_of(self.tour.widowx)
        info = read_info(self.images)
        return self.tour.widowx.arm_serial if info is None else info.arm_serial or self.tour.widowx.arm_serial

    def _require_camera(self, images: Path, calibration: Calibration) -> None:
        info = read_info(images)
        if info is not None:
            refuse(doubts_of_recording(self.camera, images, info, info.serial, calibration, self.out), self.accept)

    def _tell(self, found: Diagnosis, folder: Path, source: Provenance, views: HandEyeViews) -> None:
        for finding in found.findings:
            console.print(f"[bold red]{finding.mistake}[/]: ", end="")
            console.print(finding.message, markup=False, soft_wrap=True)
        if found.fit is not None:
            if self.accept or not found.findings:  # of a mistake the numbers are none; they are in the report
                console.print(_in_words(found.fit), markup=False, soft_wrap=True)
            page = report_hand_eye(folder, source, views, found.fit, found.findings)
            console.print(f"report: {page}", markup=False, soft_wrap=True)


def _in_words(fit: HandEyeFit) -> str:
    x, y, z = 1000.0 * fit.camera.translation
    sigma = 1000.0 * np.sqrt(np.mean([fit.result.sigma(f"camera {axis}") ** 2 for axis in "xyz"]))
    parent = "tool" if fit.views.mount == "wrist" else "base"
    return (
        f"the camera is at {x:.1f}, {y:.1f}, {z:.1f} mm in the {parent}'s frame, ± {sigma:.1f}; corners within "
        f"{fit.result.rms:.2f} pixels rms; in views that were left out the board is within "
        f"{1000 * fit.held_out_position:.1f} mm and {1000 * fit.held_out_angle:.1f} mrad"
    )
