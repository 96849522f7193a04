"""`clam calibrate arm`."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from calibration.arm_fit import ArmFit, fit_arm
from calibration.arm_records import joints_record, servos_record, settled
from calibration.arm_report import report_arm
from calibration.board import Board
from calibration.bundle_settings import GAUGE, OBSERVABLE, BundleSettings
from calibration.capture_date import oldest
from calibration.diagnosis import diagnose
from calibration.gravity import gravity_loads
from calibration.hand_eye_views import HandEyeViews
from calibration.provenance import Provenance
from calibration.recording import GOALS, earlier_recording, picture_paths, read_hands, read_info
from calibration.servo_stiffness import StiffnessFit, fit_stiffness
from clam_robot.cli.arm_identity import of_arm
from clam_robot.cli.calibration_files import load_or_new, recorded_at, save, utc_now
from clam_robot.cli.console import console, plural
from clam_robot.cli.recorded_camera import doubts_of_recording, refuse
from clam_robot.cli.recorded_views import not_seen, recorded_views
from clam_robot.cli.writable import require_writable
from clam_robot.errors import CalibrationError
from clam_robot.hardware.calibration.calibration import Calibration


@dataclass(frozen=True, kw_only=True)
class ArmCommand:
    """Find how far the arm's joints are off, from what all cameras saw, and how far it hangs under its own weight.

    Run `clam calibrate hand-eye` for each camera first, with the arm or from pictures: this computes with what it
    recorded, and moves nothing. An offset of waist or wrist_rotate cannot be told from a base or a hand that is turned,
    by no camera: it is contained in the cameras' places. The cameras' places are written anew, so that they fit the
    offsets. Folders with goals.csv, as the arm's own tour makes them, tell the servos' stiffness, too.

    Attributes:
        images: folders that `clam calibrate hand-eye` recorded; those of all calibrated cameras by default.
        out: where the calibration is kept.
        arm_serial: what tells this arm from others, where the recordings do not.
        folder: for the report.
        accept: write the result although something is wrong with a recording.
    """

    images: tuple[Path, ...] = ()
    out: Path = Path("calibration.json")
    arm_serial: str | None = None
    folder: Path = Path("calibration/arm")
    accept: bool = False

    def run(self) -> None:
        """Read, fit, report, write."""
        require_writable(self.out, self.folder)
        calibration = load_or_new(self.out)
        folders = self.images or tuple(
            Path("calibration") / f"{name}_hand_eye" / "pictures"
            for name, each in calibration.cameras.items()
            if each.hand_eye is not None
        )
        if not folders:
            raise CalibrationError(f"{self.out} knows no camera's place; run `clam calibrate hand-eye` first")
        names: list[str] = []
        sources: list[Provenance] = []
        recordings: list[HandEyeViews] = []
        lenses: list[np.ndarray | None] = []
        goals: list[tuple[np.ndarray, np.ndarray]] = []
        for each in folders:
            self._require_complete(each)
            self._require_camera(each, calibration)
            source, views, told = self._read(each, calibration)
            sources.append(source)
            name = source.camera
            names.append(name)
            recordings.append(views)
            lenses.append(np.array(calibration.camera(name).intrinsics.covariance))
            goals += told
            self._require_sound(name, views, lenses[-1])
        for serial in dict.fromkeys(each.arm_serial for each in sources):
            calibration = of_arm(calibration, serial, self.out)
        with console.status(f"fitting {plural(len(recordings), 'recording')}"):
            fit = fit_arm(recordings, lenses)
        stiffness = _stiffness(goals)
        made_at = oldest([each.taken_at for each in sources])
        arm = replace(calibration.arm, joints=joints_record(tuple(names), fit, made_at))
        if stiffness is not None and stiffness.stiffness:
            arm = replace(arm, servos=servos_record(stiffness, made_at))
        cameras = dict(calibration.cameras)
        for number, name in enumerate(names):
            hand_eye = cameras[name].hand_eye
            assert hand_eye is not None
            cameras[name] = replace(cameras[name], hand_eye=settled(hand_eye, fit, number, sources[number].taken_at))
        console.print(_in_words(fit, stiffness), markup=False, soft_wrap=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        page = report_arm(self.folder, sources, fit, stiffness)
        console.print(f"report: {page}", markup=False, soft_wrap=True)
        save(replace(calibration, cameras=cameras, arm=arm), self.out)

    def _require_complete(self, folder: Path) -> None:
        info = read_info(folder)
        if info is None or info.is_complete or self.accept:
            return
        earlier = earlier_recording(folder)
        otherwise = "" if earlier is None else f", or take the earlier recording with --images {earlier}"
        raise CalibrationError(
            f"{folder}: expected a whole tour of the arm, found one that was interrupted after "
            f"{plural(len(picture_paths(folder)), 'view')}; run `clam calibrate hand-eye --camera {info.camera}` again"
            f"{otherwise} (--accept takes it as it is)"
        )

    def _require_camera(self, folder: Path, calibration: Calibration) -> None:
        info = read_info(folder)
        if info is not None and info.camera in calibration.cameras:
            refuse(doubts_of_recording(info.camera, folder, info, info.serial, calibration, self.out), self.accept)

    def _require_sound(self, name: str, views: HandEyeViews, lens: np.ndarray | None) -> None:
        found = diagnose(views, BundleSettings(offsets=OBSERVABLE, intrinsics_covariance=lens)).findings
        if found and not self.accept:
            raise CalibrationError(f"{name}: {'; '.join(each.message for each in found)}; {self.out} stays as it was")

    def _read(
        self, folder: Path, calibration: Calibration
    ) -> tuple[Provenance, HandEyeViews, list[tuple[np.ndarray, np.ndarray]]]:
        """Where the views are from, the views, and goals with joints, where goals were recorded."""
        info = read_info(folder)
        if info is None:
            raise CalibrationError(
                f"{folder}: expected a folder of `clam calibrate hand-eye`, with capture.json; name it by --images"
            )
        known = calibration.camera(info.camera, self.out)
        if known.hand_eye is None:
            raise CalibrationError(
                f"where camera {info.camera!r} is, is not known; run `clam calibrate hand-eye` first"
            )
        views, pictures = recorded_views(folder, None, known.hand_eye.mount, Board(), known)
        if views.joints is None:
            raise CalibrationError(f"{folder}: expected joints, found poses of the hand; offsets need joints")
        source = Provenance(
            camera=info.camera,
            camera_serial=info.serial,
            board=views.board,
            taken_at=recorded_at(folder),
            made_at=utc_now(),
            arm_serial=info.arm_serial or self.arm_serial,
            pictures=tuple(folder / each for each in pictures),
            passed_over=not_seen(folder, pictures),
        )
        if not (folder / GOALS).exists():
            return source, views, []
        rows = read_hands(folder / GOALS).rows
        joints = dict(zip(pictures, views.joints, strict=True))
        return source, views, [(rows[each], joints[each]) for each in pictures if each in rows]


def _stiffness(goals: list[tuple[np.ndarray, np.ndarray]]) -> StiffnessFit | None:
    if len(goals) < _FEWEST:
        return None
    sent, measured = (np.array(each) for each in zip(*goals, strict=True))
    return fit_stiffness(sent, measured, gravity_loads(measured))


def _in_words(fit: ArmFit, stiffness: StiffnessFit | None) -> str:
    offsets = ", ".join(
        f"{name} {1e3 * value:+.2f} ± {1e3 * fit.sigma(f'offset {name}'):.2f}"
        for name, value in fit.of("offset").items()
    )
    bends = ", ".join(
        f"{name} {1e3 * value:.2f} ± {1e3 * fit.sigma(f'compliance {name}'):.2f}"
        for name, value in fit.of("compliance").items()
    )
    lines = [f"offsets [mrad]: {offsets}; {' and '.join(GAUGE)} cannot be told"]
    lines.append(f"links yield [mrad/Nm]: {bends}" if bends else "no joint yields beyond what its encoder sees")
    if stiffness is not None:
        held = ", ".join(
            f"{name} {value:.1f} ± {stiffness.sigmas[name]:.1f}" for name, value in stiffness.stiffness.items()
        )
        lines.append(f"servos hold with [Nm/rad]: {held or 'more than the poses show'}")
    return "\n".join(lines)


# Poses from which a servo's stiffness is told.
_FEWEST = 8
