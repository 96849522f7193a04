from pathlib import Path

import numpy as np
import pytest

from calibration.arm_tour import photograph
from calibration.recording import CaptureInfo, RecordingWriter, picture_paths
from clam_robot.errors import ArmStopped, CalibrationError
from clam_robot.hardware.widowx import START
from clam_robot.timing import ManualClock
from tests.calibration.fake_tour import Grey, InstantArm, SeesAfter
from tests.calibration.synthetic_views import BOARD

POSES = np.array([START] * 20)


def tour(folder: Path, *, num_blocked: int = 0, first_seen: int = 1, arm: InstantArm | None = None) -> list[str | None]:
    """What is told of each of many poses of an arm whose camera sees the board from one of them on."""
    clock, arm, told = ManualClock(), arm or InstantArm(num_blocked), list[str | None]()
    writer = RecordingWriter(folder, CaptureInfo(camera="wrist", serial="grey", board=BOARD))
    eye = SeesAfter(arm, "wrist", BOARD, first_seen)
    photograph(arm, POSES, Grey(clock), eye, writer, clock, tell=lambda number, count, problem: told.append(problem))
    return told


def test_poses_that_show_no_board_or_are_blocked_are_left_out(tmp_path: Path) -> None:
    told = tour(tmp_path / "p", num_blocked=7, first_seen=11)
    assert told[:7] == ["the way is blocked"] * 7
    assert told[7:10] == ["no board in the picture"] * 3
    assert told[10:] == [None] * 10
    assert len(picture_paths(tmp_path / "p")) == 10


def test_a_tour_whose_first_pictures_show_no_board_ends_there(tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match="found it in none of the 6 pictures that were taken; is the camera"):
        tour(tmp_path / "p", first_seen=8)
    assert not (tmp_path / "p").exists()


def test_a_tour_of_which_no_pose_can_be_reached_says_so(tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match="none of the 20 poses could be reached"):
        tour(tmp_path / "p", num_blocked=len(POSES))


def test_an_arm_that_is_stopped_ends_the_tour_with_what_was_taken(tmp_path: Path) -> None:
    with pytest.raises(ArmStopped, match="a person pressed a key"):
        tour(tmp_path / "p", arm=InstantArm(num_free=4))
    assert len(picture_paths(tmp_path / "p")) == 4
