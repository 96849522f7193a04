"""Nothing moves for results that could not be written."""

from pathlib import Path

import pytest

from clam_robot.cli.main import main
from clam_robot.hardware.calibration.calibration import Calibration, save_calibration
from clam_robot.hardware.calibration.camera_calibration import CameraCalibration
from tests.calibration.known_cameras import known_lens
from tests.calibration.synthetic_views import LENS

COMMANDS = {
    "intrinsics": ("--camera", "wrist", "--cameras", "cameras.toml"),
    "hand-eye": ("--camera", "wrist", "--mount", "wrist", "--cameras", "cameras.toml", "--yes"),
    "arm": (),
    "gripper": ("--yes",),
    "latency": ("--cameras", "cameras.toml", "--yes"),
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With cameras that do not exist: whoever looks for them first says so instead."""
    monkeypatch.chdir(tmp_path)
    Path("blocked").touch()
    Path("cameras.toml").write_text('[cameras.wrist]\nkind = "usb"\npath = "/dev/none"\n')
    camera = CameraCalibration(serial="/dev/none", intrinsics=known_lens(LENS))
    save_calibration(Calibration(cameras={"wrist": camera}), Path("calibration.json"))


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["calibrate", *words, "--port", "/dev/none"] if "--yes" in words else ["calibrate", *words]) == 2
    captured = capsys.readouterr()
    return " ".join((captured.out + captured.err).split())


@pytest.mark.parametrize("command", COMMANDS)
def test_a_place_that_cannot_be_written_is_told_before_anything_is_opened(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(Path().rglob("*"))
    told = said(capsys, command, *COMMANDS[command], "--out", "blocked/c.json")
    assert told == "error: --out: cannot write in blocked (blocked: Not a directory); give another --out"
    told = said(capsys, command, *COMMANDS[command], "--out", ".")
    assert "--out: expected a file, found the folder" in told
    if command != "gripper":
        told = said(capsys, command, *COMMANDS[command], "--folder", "blocked/deep/er")
        assert told.startswith("error: --folder: cannot write in blocked/deep/er (blocked: Not a directory)")
    assert sorted(Path().rglob("*")) == before
