"""Views of a board from a camera that a person holds it before, or from pictures."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, kw_only=True)
class PictureViews:
    """The views of pictures that are there already.

    Attributes:
        views: that count, all of one size.
        paths: their pictures.
        size: width and height of most of the pictures that show the board [pixel]; None where none shows it.
        others: pictures of another size, which do not count.
        passed_over: pictures that became no view, each with its reason, those of another size among them.
    """

    views: list[Detection]
    paths: list[Path]
    size: tuple[int, int] | None
    others: list[Path]
    passed_over: dict[Path, str]


def collect_pictures(
    paths: Sequence[Path], detector: BoardDetector, *, config: SelectionConfig | None = None
) -> PictureViews:
    """The views that count, of the size that most pictures have.

    Raises:
        CalibrationError: a file is no picture.
    """
    seen = [(path, detector.detect(read_picture(path))) for path in paths]
    sizes = Counter((view.width, view.height) for _, view in seen if view is not None)
    size = max(sizes, key=lambda each: sizes[each], default=None)
    selection = ViewSelection(config or SelectionConfig(), is_live=False)
    kept: list[Path] = []
    others: list[Path] = []
    passed_over: dict[Path, str] = {}
    for path, view in seen:
        if view is not None and (view.width, view.height) != size:
            others.append(path)
            passed_over[path] = f"another size, {view.width} x {view.height} pixels"
            continue
        problem = selection.consider(view)
        if problem is None:
            kept.append(path)
        else:
            passed_over[path] = problem
    return PictureViews(views=selection.kept, paths=kept, size=size, others=others, passed_over=passed_over)
