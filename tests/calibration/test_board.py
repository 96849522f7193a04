from pathlib import Path

import cv2
import numpy as np
import pytest

from calibration.board import Board
from calibration.board_print import print_board, smallest_paper
from calibration.detection import BoardDetector, detection_noise
from clam_robot.errors import ConfigError

MM_PER_PIXEL = 25.4 / 600.0


@pytest.mark.parametrize("board", [Board(), Board(columns=6, rows=8, square=0.02, marker=0.014, dictionary="4X4_50")])
def test_points_are_where_opencv_has_them(board: Board) -> None:
    np.testing.assert_allclose(board.points(), board.layout.getChessboardCorners(), atol=1e-7)


@pytest.mark.parametrize("board", [Board(), Board(columns=6, rows=8, square=0.02, marker=0.014, dictionary="4X4_50")])
def test_print_is_read_back_at_true_scale(board: Board, tmp_path: Path) -> None:
    print_board(board, tmp_path / "board.png")
    picture = cv2.imread(str(tmp_path / "board.png"), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    found = BoardDetector(board).detect(picture)
    assert found is not None
    assert len(found.ids) == board.num_corners
    measured = (found.corners - found.corners[0]) * MM_PER_PIXEL
    wanted = 1000.0 * (board.points()[found.ids] - board.points()[found.ids[0]])[:, :2]
    np.testing.assert_allclose(measured, wanted, atol=0.1)


def test_ruler_is_a_hundred_millimetres_long(tmp_path: Path) -> None:
    print_board(Board(), tmp_path / "board.png")
    picture = cv2.imread(str(tmp_path / "board.png"), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    dark = picture < 128
    lengths = dark.shape[1] - dark[:, ::-1].argmax(axis=1) - dark.argmax(axis=1)
    is_line = dark.any(axis=1) & (dark.sum(axis=1) == lengths)
    assert lengths[is_line].max() * MM_PER_PIXEL == pytest.approx(100.0, abs=0.3)  # the ends of the ticks


def test_pdf_has_the_size_of_its_paper(tmp_path: Path) -> None:
    assert print_board(Board(), tmp_path / "board.pdf", paper="a4") == "a4"
    data = (tmp_path / "board.pdf").read_bytes()
    box = data.split(b"/MediaBox [")[1].split(b"]")[0].split()
    np.testing.assert_allclose([float(each) for each in box], [0, 0, 297 / 25.4 * 72, 210 / 25.4 * 72], atol=0.1)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"marker": 0.04}, "marker, square"),
        ({"columns": 2}, "columns, rows"),
        ({"columns": 20, "rows": 20, "dictionary": "4X4_50"}, "dictionary"),
        ({"marker": 0.004}, "marker"),
    ],
)
def test_board_that_cannot_be_is_refused(changes: dict, named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        Board(**changes)


def test_board_too_large_for_paper_is_refused() -> None:
    with pytest.raises(ConfigError, match="fewer squares"):
        smallest_paper(Board(columns=20, rows=14, square=0.06, marker=0.045, dictionary="5X5_250"))


@pytest.mark.parametrize("sigma", [0.05, 0.3, 1.0])
def test_noise_of_a_detection_is_told_from_lens_and_tilt(sigma: float) -> None:
    from tests.calibration.synthetic_views import BOARD, scattered_views

    views = scattered_views(np.random.default_rng(1), 30, noise=sigma)
    noises = np.array([detection_noise(BOARD, each) for each in views])
    assert np.nanmedian(noises) == pytest.approx(sigma, rel=0.25)


def test_no_board_is_no_detection() -> None:
    assert BoardDetector(Board()).detect(np.full((120, 160, 3), 200, np.uint8)) is None


def test_blur_widens_edges() -> None:
    board = Board()
    sharp = np.pad(board.picture(60), 40, constant_values=255)
    widths = []
    for sigma in (1.0, 2.5):
        found = BoardDetector(board).detect(cv2.GaussianBlur(sharp, (0, 0), sigma))
        assert found is not None
        widths.append(found.edge_width)
    assert widths[0] < 4.0
    assert widths[1] > 1.5 * widths[0]
