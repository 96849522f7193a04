"""A camera's own numbers from pictures that a person has."""

import os
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import RigidTransform

from clam_robot.cli.main import main
from clam_robot.hardware.calibration.calibration import load_calibration, save_calibration
from tests.calibration.board_photo import BOARD, photo
from tests.calibration.known_cameras import known_place
from tests.calibration.synthetic_views import LENS

pytestmark = pytest.mark.slow
WORDS = ("calibrate", "intrinsics", "--camera", "table", "--images", "pictures")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def draw(count: int, small: int = 0) -> None:
    """Pictures of a board in the folder `pictures`; the first of them are of half the size."""
    rng = np.random.default_rng(1)
    Path("pictures").mkdir()
    for number in range(count):
        picture = photo(rng)
        height, width = picture.shape[:2]
        size = (width // 2, height // 2) if number < small else (width, height)
        cv2.imwrite(f"pictures/{number}.png", cv2.resize(picture, size, interpolation=cv2.INTER_AREA))


def said(capsys: pytest.CaptureFixture[str], code: int, *words: str) -> str:
    assert main([*WORDS, *words]) == code
    captured = capsys.readouterr()
    return " ".join((captured.out + captured.err).split())


def test_views_that_do_not_cover_the_picture_are_refused_unless_they_are_accepted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    draw(10, small=2)
    told = said(capsys, 2)
    assert "1 picture left out, as most have 640 x 480 pixels: 1.png" in told  # in 0.png no board is seen
    assert "the views do not tell all of the lens; take more:" in told
    assert "5 more views" in told
    assert "nothing is written (--accept takes it as it is)" in told
    assert Path("calibration/table_intrinsics/table_intrinsics.html").exists()
    assert not Path("calibration.json").exists()
    assert "accepted: the views do not tell all" in said(capsys, 0, "--accept")
    found = load_calibration(Path("calibration.json")).camera("table").intrinsics.intrinsics
    assert (found.width, found.height) == (LENS.width, LENS.height)


def test_views_that_cover_the_picture_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    draw(40)
    for number in range(40):
        os.utime(f"pictures/{number}.png", times=(0.0, 1e9 - number))
    told = said(capsys, 0)
    assert "take more" not in told
    assert "recorded 2001-09-09T01:46:40+00:00, as its newest file says: it does not say so itself" in told
    assert load_calibration(Path("calibration.json")).camera("table").intrinsics.made_at == "2001-09-09T01:46:40+00:00"
    known = load_calibration(Path("calibration.json"))
    found = known.camera("table").intrinsics.intrinsics
    assert (found.fx, found.fy) == pytest.approx((LENS.fx, LENS.fy), rel=0.01)

    place = known_place("wrist", RigidTransform.identity(), RigidTransform.identity(), BOARD)
    known = known.with_camera("table", replace(known.camera("table"), hand_eye=place))
    save_calibration(known, Path("calibration.json"))
    assert "its place was found" not in said(capsys, 0)
    assert load_calibration(Path("calibration.json")).camera("table").hand_eye == place
    Path("pictures/39.png").unlink()
    Path("pictures/38.png").unlink()
    assert "its place was found with the lens as it was: run `clam calibrate hand-eye` again" in said(capsys, 0)
    assert load_calibration(Path("calibration.json")).camera("table").hand_eye is None
