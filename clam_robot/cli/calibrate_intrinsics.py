"""`clam calibrate intrinsics`."""

from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from calibration.board import Board
from calibration.collection import collect_live, collect_pictures
from calibration.coverage import Coverage, coverage
from calibration.detection import BoardDetector, Detection
from calibration.factory_check import KnowsItsIntrinsics, check_factory
from calibration.intrinsics_fit import fit_intrinsics
from calibration.provenance import Provenance
from calibration.recording import CaptureInfo, RecordingWriter, picture_paths, read_info
from calibration.records import intrinsics_record
from calibration.report import report_intrinsics
from clam_robot.cli.calibration_files import load_or_new, recorded_at, save, tell_recording, utc_now
from clam_robot.cli.camera_rig import camera_of
from clam_robot.cli.console import console, plural
from clam_robot.cli.recorded_camera import doubts_of_recording, doubts_of_serial, refuse
from clam_robot.cli.view_map import view_status
from clam_robot.cli.writable import require_writable
from clam_robot.errors import ConfigError
from clam_robot.hardware.calibration.calibration import Calibration
from clam_robot.hardware.calibration.camera_calibration import CameraCalibration, IntrinsicsCalibration
from clam_robot.hardware.calibration.intrinsics import Intrinsics
from clam_robot.hardware.cameras.cameras_file import load_cameras
from clam_robot.timing import MonotonicClock


@dataclass(frozen=True, kw_only=True)
class IntrinsicsCommand:
    """Find a camera's focal lengths, centre and distortion from views of a board.

    Live, hold the board before the camera: anywhere in the picture, near and far, tilted. Every view that counts is
    kept in a folder, from which the same can be done again with --images.

    Attributes:
        camera: its name.
        images: folder with pictures instead of a camera.
        cameras: file with the robot's cameras (cameras.toml), for live views.
        serial: of the camera, for pictures that were not taken by this command.
        board: that is shown; a folder of this command knows its own, unless another is given here.
        out: where the calibration is kept; other cameras in it stay.
        folder: for pictures and report; `calibration/NAME_intrinsics` by default.
        views: fewest to take live; more tell the lens's middle better.
        seconds: longest live view.
        accept: write the result although the views do not cover the picture, or are of another camera.
    """

    camera: str
    images: Path | None = None
    cameras: Path | None = None
    serial: str = ""
    board: Board = field(default_factory=Board)
    out: Path = Path("calibration.json")
    folder: Path | None = None
    views: int = 12
    seconds: float = 600.0
    accept: bool = False

    def run(self) -> None:
        """Collect, fit, report, write."""
        if (self.images is None) == (self.cameras is None):
            raise ConfigError("--images, --cameras: give one of them, pictures or the file with the cameras")
        if self.views < 1 or self.seconds <= 0.0:
            raise ConfigError(f"--views, --seconds: expected more than 0, found {self.views} and {self.seconds:g}")
        folder = self.folder or Path("calibration") / f"{self.camera}_intrinsics"
        require_writable(self.out, folder)
        calibration = load_or_new(self.out)
        if self.images is not None:
            said = read_info(self.images)
            info = said or CaptureInfo(camera=self.camera, serial=self.serial, board=self.board)
            refuse(doubts_of_recording(self.camera, self.images, said, info.serial, calibration, self.out), self.accept)
            if self.board != Board():  # what the command is told counts more, as when the print was measured anew
                info = replace(info, board=self.board)
            (views, pictures, passed_over), factory = self._from_pictures(self.images, info.board), None
            taken_at = recorded_at(self.images)
        else:
            taken_at = utc_now()
            info, views, factory = self._live(folder, calibration, taken_at)
            pictures, passed_over = picture_paths(folder / "pictures"), dict[Path, str]()
        fit = fit_intrinsics(info.board, views)
        check = None if factory is None else check_factory(info.board, views, factory, fit)
        folder.mkdir(parents=True, exist_ok=True)
        source = Provenance(
            camera=self.camera,
            camera_serial=info.serial,
            board=info.board,
            taken_at=taken_at,
            made_at=utc_now(),
            pictures=tuple(pictures),
            passed_over=passed_over,
        )
        page = report_intrinsics(folder, source, views, fit, check)
        record = intrinsics_record(info.board, fit, taken_at)
        before = calibration.cameras.get(self.camera)
        is_same = before is not None and before.serial == info.serial and _is_same(record, before.intrinsics)
        # Where the camera is was found with the lens as it was known then.
        camera = CameraCalibration(serial=info.serial, intrinsics=record)
        if before is not None and is_same:
            camera = replace(before, intrinsics=record)
        console.print(
            f"{self.camera}: fx {fit.intrinsics.fx:.1f}, fy {fit.intrinsics.fy:.1f}, centre {fit.intrinsics.cx:.1f}, "
            f"{fit.intrinsics.cy:.1f} pixels, lens {fit.model}; corners within {fit.rms:.2f} pixels rms in "
            f"{plural(len(views), 'view')}",
            markup=False,
            soft_wrap=True,
        )
        if check is not None:
            console.print(str(check), markup=False, soft_wrap=True)
        console.print(f"report: {page}", markup=False, soft_wrap=True)
        if missing := coverage(info.board, views).missing():
            refuse([f"the views do not tell all of the lens; take more: {'; '.join(missing)}"], self.accept)
        if before is not None and before.hand_eye is not None and not is_same:
            console.print("its place was found with the lens as it was: run `clam calibrate hand-eye` again")
        save(replace(calibration, cameras={**calibration.cameras, self.camera: camera}), self.out)

    def _from_pictures(self, images: Path, board: Board) -> tuple[list[Detection], list[Path], dict[Path, str]]:
        """Views, their pictures, and why others are none."""
        paths = picture_paths(images)
        with console.status(f"looking at {plural(len(paths), 'picture')}"):
            found = collect_pictures(paths, BoardDetector(board))
        refused = Counter(each.partition(",")[0] for each in found.passed_over.values())
        left = ", ".join(f"{count} {reason}" for reason, count in refused.items())
        console.print(f"{len(found.views)} of {len(paths)} pictures count{f'; {left}' if left else ''}", markup=False)
        if found.others and found.size is not None:
            width, height = found.size
            console.print(
                f"{plural(len(found.others), 'picture')} left out, as most have {width} x {height} pixels: "
                f"{', '.join(each.name for each in found.others)}",
                markup=False,
                soft_wrap=True,
            )
        if not found.views:
            raise ConfigError(f"--images: no picture in {images} counts; is it the board that --board says, and sharp?")
        return found.views, found.paths, found.passed_over

    def _live(
        self, folder: Path, calibration: Calibration, made_at: str
    ) -> tuple[CaptureInfo, list[Detection], Intrinsics | None]:
        assert self.cameras is not None
        clock = MonotonicClock()
        camera = camera_of(load_cameras(self.cameras), self.camera, clock)
        with ExitStack() as stack:
            stack.callback(camera.close)
            camera.open()
            refuse(doubts_of_serial(self.camera, camera.serial, calibration, self.out), self.accept)
            info = CaptureInfo(camera=self.camera, serial=camera.serial, board=self.board, made_at=made_at)
            writer = RecordingWriter(folder / "pictures", info)
            stack.callback(tell_recording, writer)
            with console.status("show the board") as status:

                def tell(covered: Coverage, problem: str | None) -> None:
                    status.update(view_status(covered, problem, self.views))

                views = collect_live(
                    camera,
                    BoardDetector(self.board),
                    writer,
                    clock,
                    seconds=self.seconds,
                    tell=tell,
                    fewest=self.views,
                )
            writer.finish()
            return info, views, camera.intrinsics() if isinstance(camera, KnowsItsIntrinsics) else None


def _is_same(now: IntrinsicsCalibration, before: IntrinsicsCalibration) -> bool:
    """Whether two fits are one, as of the same pictures; another size of the picture is another lens."""
    new, old = now.intrinsics, before.intrinsics
    is_size = (new.width, new.height) == (old.width, old.height)
    return is_size and bool(np.allclose(new.vector, old.vector, rtol=1e-7, atol=1e-7))
