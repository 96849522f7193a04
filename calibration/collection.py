"""Views of a board from a camera that a person holds it before, or from pictures."""

from collections.abc import Callable, Sequence
from pathlib import Path

from calibration.coverage import Coverage, coverage
from calibration.detection import BoardDetector, Detection
from calibration.recording import RecordingWriter, read_picture
from calibration.view_selection import SelectionConfig, ViewSelection
from clam_robot.errors import CalibrationError
from clam_robot.hardware.cameras.camera import Camera
from clam_robot.timing import Clock

# What was kept so far, and why the newest picture was not; None where it was.
Told = Callable[[Coverage, str | None], None]
_LONGEST_WAIT = 5.0  # for a frame [s]


def collect_live(
    camera: Camera,
    detector: BoardDetector,
    writer: RecordingWriter,
    clock: Clock,
    *,
    seconds: float,
    tell: Told,
    fewest: int = 0,
    config: SelectionConfig | None = None,
) -> list[Detection]:
    """Watch until the views cover enough, and keep the pictures of those that count.

    Args:
        camera: open.
        detector: of the board.
        writer: of the pictures.
        clock: the camera's.
        seconds: longest watch [s].
        tell: how it goes, at every picture.
        fewest: views, though less would cover enough.
        config: what is refused.

    Raises:
        CalibrationError: the time is over and something is missing; says what.
    """
    selection = ViewSelection(config or SelectionConfig(), is_live=True)
    end = clock.now() + seconds
    covered = coverage(detector.board, [])
    while not covered.is_enough or covered.num_views < fewest:
        if clock.now() > end:
            raise CalibrationError(
                f"too few views in {seconds:g} s ({len(selection.kept)}), still missing: "
                f"{'; '.join(covered.missing()) or f'{fewest - covered.num_views} more views'}"
            )
        frame = camera.read(_LONGEST_WAIT)
        problem = selection.consider(detector.detect(frame.image))
        if problem is None:
            writer.add(frame.image)
            covered = coverage(detector.board, selection.kept)
        tell(covered, problem)
    return selection.kept


def collect_pictures(
    paths: Sequence[Path], detector: BoardDetector, *, tell: Told, config: SelectionConfig | None = None
) -> tuple[list[Detection], list[Path]]:
    """The views that count, and their pictures.

    Raises:
        CalibrationError: a file is no picture.
    """
    selection = ViewSelection(config or SelectionConfig(), is_live=False)
    kept: list[Path] = []
    for path in paths:
        problem = selection.consider(detector.detect(read_picture(path)))
        if problem is None:
            kept.append(path)
        tell(coverage(detector.board, selection.kept), problem)
    return selection.kept, kept
