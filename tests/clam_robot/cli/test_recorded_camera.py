"""Pictures of one camera are not taken for those of another."""

from pathlib import Path

import numpy as np
import pytest

from calibration.board import Board
from calibration.recording import CaptureInfo, RecordingWriter
from clam_robot.cli.main import main
from clam_robot.hardware.calibration.calibration import Calibration, save_calibration
from clam_robot.hardware.calibration.camera_calibration import CameraCalibration
from tests.calibration.known_cameras import known_lens
from tests.calibration.synthetic_views import LENS


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A calibration of `wrist` and `over`, and recordings without a board: what is refused is so before one is sought.

    They are named by camera and serial.
    """
    monkeypatch.chdir(tmp_path)
    cameras = {name: CameraCalibration(serial=f"{name} 1", intrinsics=known_lens(LENS)) for name in ("wrist", "over")}
    save_calibration(Calibration(cameras=cameras), Path("calibration.json"))
    for camera, serial in (("wrist", "wrist 1"), ("over", "over 1"), ("over", "over 2"), ("over", "wrist 1")):
        info = CaptureInfo(camera=camera, serial=serial, board=Board())
        writer = RecordingWriter(Path(f"{camera} {serial}".replace(" ", "_")), info)
        writer.add(np.zeros((48, 64, 3), np.uint8), np.zeros(6))
        writer.finish()
    Path("own").mkdir()
    Path("wrist_wrist_1/0000.png").rename("own/0000.png")


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["calibrate", *words]) == 2
    captured = capsys.readouterr()
    return " ".join((captured.out + captured.err).split())


COMMANDS = (("intrinsics",), ("hand-eye", "--mount", "stand"))
NO_BOARD = "no picture"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_recording_of_another_camera_is_refused_unless_it_is_accepted(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    words = (*command, "--camera", "wrist", "--images", "over_over_1")
    before = Path("calibration.json").read_bytes()
    told = said(capsys, *words)
    assert "over_over_1 was recorded with camera 'over', expected 'wrist'" in told
    assert "are of camera over 1, calibration.json has wrist 1 for 'wrist'; are two cameras swapped?" in told
    assert "nothing is written (--accept takes it as it is)" in told
    assert NO_BOARD not in told
    accepted = said(capsys, *words, "--accept")
    assert "accepted: over_over_1 was recorded with camera 'over'" in accepted
    assert NO_BOARD in accepted
    assert Path("calibration.json").read_bytes() == before


@pytest.mark.parametrize("command", COMMANDS)
def test_a_camera_with_another_serial_number_is_refused(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    told = said(capsys, *command, "--camera", "over", "--images", "over_over_2")
    assert "are of camera over 2, calibration.json has over 1 for 'over'" in told
    assert NO_BOARD not in told
    assert NO_BOARD in said(capsys, *command, "--camera", "over", "--images", "over_over_1")


def test_a_new_name_for_a_serial_number_of_another_camera_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    save_calibration(
        Calibration(cameras={"wrist": CameraCalibration(serial="wrist 1", intrinsics=known_lens(LENS))}),
        Path("calibration.json"),
    )
    words = ("intrinsics", "--camera", "over", "--images")
    told = said(capsys, *words, "over_wrist_1")
    assert "camera 'over' has serial 'wrist 1', which calibration.json has for 'wrist'" in told
    assert NO_BOARD in said(capsys, *words, "over_over_2")


def test_own_pictures_have_to_say_whose_they_are_where_the_serial_number_is_known(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ("intrinsics", "--camera", "wrist", "--images", "own")
    assert "if it is that one say --serial wrist 1" in said(capsys, *words)
    assert NO_BOARD in said(capsys, *words, "--serial", "wrist 1")


def test_a_live_camera_with_the_serial_number_of_another_one_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    Path("cameras.toml").write_text('[cameras.over]\nkind = "pattern"\n')
    cameras = {"wrist": CameraCalibration(serial="pattern", intrinsics=known_lens(LENS))}
    save_calibration(Calibration(cameras=cameras), Path("calibration.json"))
    words = ("intrinsics", "--camera", "over", "--cameras", "cameras.toml", "--seconds", "0.3")
    assert "which calibration.json has for 'wrist'; are two cameras swapped?" in said(capsys, *words)
    assert "too few views" in said(capsys, *words, "--accept")


def test_a_check_with_pictures_of_another_camera_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    told = said(capsys, "check", "--camera", "wrist", "--images", "over_wrist_1")
    assert "over_wrist_1 was recorded with camera 'over', expected 'wrist'" in told
