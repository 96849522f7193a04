from pathlib import Path

import cv2
import pytest

from clam_robot.cli.main import main

TWO = """
[cameras.wrist]
kind = "pattern"
width = 64
height = 48

[cameras.table]
kind = "pattern"
width = 32
height = 24
fps = 15
"""


@pytest.fixture
def two(tmp_path: Path) -> Path:
    path = tmp_path / "cameras.toml"
    path.write_text(TWO)
    return path


def said(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    return " ".join((captured.out + captured.err).split())


def test_both_kinds_are_listed_or_missed_with_a_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cameras"]) == 0
    found = said(capsys)
    assert "RealSense" in found and "USB cameras" in found


def test_cameras_of_a_configuration_are_watched_and_photographed(
    two: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = tmp_path / "pictures"
    assert main(["cameras", "--config", str(two), "--seconds", "0.5", "--save", str(pictures)]) == 0
    found = said(capsys)
    for word in ("wrist", "table", "of 30", "of 15", "skew between", "good"):
        assert word in found
    for name, shape in (("wrist", (48, 64, 3)), ("table", (24, 32, 3))):
        picture = cv2.imread(str(pictures / f"{name}.png"))
        assert picture is not None and picture.shape == shape


def test_a_camera_that_is_missing_is_told_beside_the_others(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    two.write_text(TWO + '\n[cameras.door]\nkind = "usb"\npath = "/dev/video99"\n')
    assert main(["cameras", "--config", str(two), "--seconds", "0.2"]) == 2
    found = said(capsys)
    assert "no camera at /dev/video99" in found
    assert "no frame from door" in found
    assert "good" in found


def test_a_video_that_is_over_is_told(two: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    two.write_text(f'[cameras.film]\nkind = "video"\npath = "{tmp_path / "none.mp4"}"\n')
    assert main(["cameras", "--config", str(two), "--seconds", "0.2"]) == 2
    assert "no video file at" in said(capsys)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--seconds", "0"], "--seconds"),
        (["--save", "pictures"], "give --config"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    words: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["cameras", *words])
    assert named in said(capsys)


def test_a_field_that_does_not_fit_is_named(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    two.write_text('[cameras.wrist]\nkind = "pattern"\nfps = "fast"\n')
    assert main(["cameras", "--config", str(two)]) == 2
    found = said(capsys)
    assert "wrist" in found and "fps" in found
