"""What the views cover, as it is counted, wished for and reported."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from calibration.coverage import coverage
from calibration.detection import MIN_CORNERS, Detection
from calibration.intrinsics_fit import fit_intrinsics
from calibration.provenance import Provenance
from calibration.report import report_intrinsics
from tests.calibration.synthetic_views import BOARD, scattered_views

SOURCE = Provenance(
    camera="wrist",
    camera_serial="c 7",
    board=BOARD,
    taken_at="2026-03-01T00:00:00+00:00",
    made_at="2026-03-04T05:06:07+00:00",
)


def test_coverage_says_what_is_missing() -> None:
    views = scattered_views(np.random.default_rng(0), 40)
    assert coverage(BOARD, views).is_enough
    left = [each for each in views if each.corners[:, 0].max() < 400]
    missing = coverage(BOARD, left).missing()
    assert "right" in missing[0]
    flat = coverage(BOARD, scattered_views(np.random.default_rng(0), 30, tilt=0.0)).missing()
    assert any("tilt" in each for each in flat)
    assert any("lean the board steeply" in each for each in flat)
    assert not any("nearer" in each for each in flat)
    far = coverage(BOARD, scattered_views(np.random.default_rng(0), 30, depth=(0.5, 0.6))).missing()
    assert any("hold the board nearer" in each for each in far)
    assert "12 more views" in coverage(BOARD, []).missing()


def test_report_of_views_from_afar_asks_for_near_ones(tmp_path: Path) -> None:
    views = scattered_views(np.random.default_rng(0), 12, depth=(0.5, 0.6))
    page = report_intrinsics(tmp_path, SOURCE, views, fit_intrinsics(BOARD, views), None)
    assert "hold the board nearer" in page.read_text()
    assert "of 24 cells covered" in page.read_text()
    assert "The views cover the picture" not in page.read_text()


@pytest.mark.parametrize(
    ("low", "high", "side"),
    [((107, 0), (640, 480), "left"), ((0, 0), (640, 360), "bottom"), ((0, 120), (533, 480), "top")],
)
def test_views_that_leave_an_outer_row_or_column_of_the_map_empty_do_not_cover_the_picture(
    low: tuple[int, int], high: tuple[int, int], side: str
) -> None:
    views = [_within(each, low, high) for each in scattered_views(np.random.default_rng(0), 60)]
    views = [each for each in views if len(each.ids) >= MIN_CORNERS]
    covered = coverage(BOARD, views)
    assert (covered.cells == 0).any(axis=0).any() or (covered.cells == 0).any(axis=1).any()
    assert not covered.is_enough
    assert side in covered.missing()[0]


def test_report_of_views_in_every_cell_of_the_map_says_that_they_cover_the_picture(tmp_path: Path) -> None:
    views = scattered_views(np.random.default_rng(0), 40)
    assert (coverage(BOARD, views).cells > 0).all()
    page = report_intrinsics(tmp_path, SOURCE, views, fit_intrinsics(BOARD, views), None).read_text()
    assert "The views cover the picture: corners in all of its 24 cells." in page


def _within(view: Detection, low: tuple[int, int], high: tuple[int, int]) -> Detection:
    """What of a view lies in a part of the picture."""
    is_in = ((view.corners >= low) & (view.corners < high)).all(axis=1)
    return replace(view, ids=view.ids[is_in], corners=view.corners[is_in])
