from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from calibration.collection import collect_live, collect_pictures
from calibration.detection import BoardDetector, Detection
from calibration.recording import (
    CaptureInfo,
    RecordingWriter,
    earlier_recording,
    picture_paths,
    read_hands,
    read_info,
    read_picture,
)
from clam_robot.errors import CalibrationError
from clam_robot.hardware.cameras.camera import Frame
from clam_robot.specs import CameraSpec
from clam_robot.timing import ManualClock
from tests.calibration.board_photo import BOARD, photo
from tests.calibration.synthetic_views import LENS


class HeldBoard:
    """A camera before which a person holds a board, twice the same at each place."""

    spec, fps, serial, time_source = CameraSpec(height=LENS.height, width=LENS.width), 30.0, "held", "device"

    def __init__(self, clock: ManualClock) -> None:
        self._clock, self._rng, self._count = clock, np.random.default_rng(0), 0
        self._image = photo(self._rng)

    def open(self) -> None: ...

    def close(self) -> None: ...

    def read(self, timeout: float) -> Frame:
        self._clock.advance(1.0 / self.fps)
        if self._count % 2 == 0:
            self._image = photo(self._rng)
        self._count += 1
        return Frame(image=self._image, time=self._clock.now())


def _collect(folder: Path, *, seconds: float, fewest: int) -> list[Detection]:
    clock = ManualClock()
    writer = RecordingWriter(folder, CaptureInfo(camera="wrist", serial="held", board=BOARD))
    board = HeldBoard(clock)
    return collect_live(
        board, BoardDetector(BOARD), writer, clock, seconds=seconds, tell=lambda covered, problem: None, fewest=fewest
    )


def test_as_many_views_are_taken_as_are_wished_for(tmp_path: Path) -> None:
    assert len(_collect(tmp_path / "few", seconds=60.0, fewest=25)) == 25
    with pytest.raises(CalibrationError, match=r"still missing: \d+ more views"):
        _collect(tmp_path / "more", seconds=1.5, fewest=500)


def test_live_collection_ends_when_enough_is_covered_and_can_be_done_again(tmp_path: Path) -> None:
    clock, told = ManualClock(), []
    info = CaptureInfo(camera="wrist", serial="held", board=BOARD)
    folder = tmp_path / "pictures"
    views = collect_live(
        HeldBoard(clock),
        BoardDetector(BOARD),
        RecordingWriter(folder, info),
        clock,
        seconds=60.0,
        tell=lambda covered, problem: told.append((covered, problem)),
    )
    assert told[-1][0].is_enough
    assert {problem for _, problem in told} >= {None, "moving"}
    assert read_info(folder) == replace(info, is_complete=False)  # it is the command's to say that this was all
    paths = picture_paths(folder)
    assert len(paths) == len(views)
    again = collect_pictures(paths, BoardDetector(BOARD))
    assert again.paths == paths
    for first, second in zip(views, again.views, strict=True):
        np.testing.assert_allclose(first.corners, second.corners)


def test_pictures_are_of_the_size_that_most_have_and_the_others_are_told(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    paths = [tmp_path / f"{number}.png" for number in range(7)]
    for number, path in enumerate(paths):
        size = (320, 240) if number in {0, 4} else (640, 480)
        cv2.imwrite(str(path), cv2.resize(photo(rng), size, interpolation=cv2.INTER_AREA))
    paths.append(tmp_path / "empty.png")
    cv2.imwrite(str(paths[-1]), np.zeros((100, 100, 3), np.uint8))
    found = collect_pictures(paths, BoardDetector(BOARD))
    assert found.size == (640, 480)
    assert [each.name for each in found.others] == ["0.png", "4.png"]
    assert len(found.paths) == len(found.views) > len(found.others)
    assert not {*found.paths} & {*found.others}
    assert {(each.width, each.height) for each in found.views} == {(640, 480)}
    assert {*found.passed_over} == {*paths} - {*found.paths}
    assert found.passed_over[paths[0]] == "another size, 320 x 240 pixels"
    assert found.passed_over[paths[-1]].startswith("no board")


def test_live_collection_that_lacks_something_says_what(tmp_path: Path) -> None:
    clock = ManualClock()
    info = CaptureInfo(camera="wrist", serial="held", board=BOARD)
    with pytest.raises(CalibrationError, match="still missing: bring the board to the"):
        collect_live(
            HeldBoard(clock),
            BoardDetector(BOARD),
            RecordingWriter(tmp_path / "p", info),
            clock,
            seconds=0.2,
            tell=lambda covered, problem: None,
        )


def test_folder_with_something_else_in_it_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "old.png").write_bytes(b"")
    with pytest.raises(CalibrationError, match="something else"):
        RecordingWriter(tmp_path, CaptureInfo(camera="wrist", serial="", board=BOARD))


def test_the_same_command_again_keeps_the_earlier_recording_and_begins_with_the_first_picture(tmp_path: Path) -> None:
    image = np.zeros((48, 64, 3), np.uint8)
    for serial in ("first", "second", "third"):
        RecordingWriter(tmp_path / "p", CaptureInfo(camera="wrist", serial=serial, board=BOARD)).add(image)
    RecordingWriter(tmp_path / "p", CaptureInfo(camera="wrist", serial="saw nothing", board=BOARD))
    infos = {each.name: read_info(each) for each in sorted(tmp_path.iterdir())}
    serials = {name: info.serial for name, info in infos.items() if info is not None}
    assert serials == {"p": "third", "p_before_1": "first", "p_before_2": "second"}
    assert [each.name for each in picture_paths(tmp_path / "p")] == ["0000.png"]


def test_a_recording_is_complete_once_it_is_finished(tmp_path: Path) -> None:
    folder, image, finished = tmp_path / "p", np.zeros((48, 64, 3), np.uint8), []
    assert earlier_recording(folder) is None
    for is_finished in (False, True, False, False):
        writer = RecordingWriter(folder, CaptureInfo(camera="wrist", serial="", board=BOARD))
        writer.finish()  # nothing was begun
        writer.add(image)
        if is_finished:
            writer.finish()
        finished.append(read_info(folder))
    assert [each is not None and each.is_complete for each in finished] == [False, True, False, False]
    assert earlier_recording(folder) == tmp_path / "p_before_2"


def test_joints_come_back(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "p", CaptureInfo(camera="wrist", serial="", board=BOARD))
    rows = np.random.default_rng(0).uniform(-1.0, 1.0, (3, 6))
    image = np.random.default_rng(1).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    paths = [writer.add(image, row) for row in rows]
    table = read_hands(tmp_path / "p" / "joints.csv")
    assert table.is_joints
    np.testing.assert_allclose([table.rows[path.name] for path in paths], rows, atol=1e-7)
    np.testing.assert_array_equal(read_picture(paths[0]), image)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("picture,waist\n0.png,1\n", "expected columns"),
        ("picture,x,y,z,roll,pitch,yaw\n0.png,1,2,3,4,5,six\n", "line 2: expected numbers"),
        ("picture,shoulder\n0.png,1,2\n", "found picture, shoulder"),
        ("", "found none"),
    ],
)
def test_table_that_does_not_fit_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(CalibrationError, match=said):
        read_hands(tmp_path / "t.csv")


def test_what_is_no_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"nothing")
    with pytest.raises(CalibrationError, match=r"a\.png is not a picture"):
        read_picture(tmp_path / "a.png")
    with pytest.raises(CalibrationError, match="no folder"):
        picture_paths(tmp_path / "absent")
