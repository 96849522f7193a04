"""What the reports show: where their figures come from, pictures with corners, and what every colour means."""

import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

import clam_robot
from calibration.arm_charts import draw_offsets, draw_sag
from calibration.arm_fit import ArmFit, fit_arm
from calibration.arm_report import report_arm
from calibration.chart_style import RED
from calibration.charts import draw_coverage, draw_distortion, draw_lens, draw_residuals, draw_view_errors
from calibration.coverage import coverage
from calibration.coverage_bands import BANDS
from calibration.detection import Detection
from calibration.hand_eye import HandEyeFit, fit_hand_eye
from calibration.hand_eye_charts import draw_scene, draw_solvers
from calibration.hand_eye_report import report_hand_eye
from calibration.hand_eye_views import HandEyeViews
from calibration.intrinsics_fit import IntrinsicsFit, fit_intrinsics
from calibration.provenance import Provenance
from calibration.recording import CaptureInfo, RecordingWriter, picture_paths
from calibration.report import report_intrinsics
from calibration.servo_stiffness import fit_stiffness
from tests.calibration.synthetic_hand_eye import synthetic_views, truth
from tests.calibration.synthetic_views import BOARD, LENS, scattered_views
from tests.type_checks import unchecked

COUNT = 14
BENT, WRONG = 4, 3  # a view of a bent board; one of which a corner is none
LARGEST = 3_000_000  # of a page [byte]


@pytest.fixture(scope="module")
def views() -> list[Detection]:
    seen = scattered_views(np.random.default_rng(0), COUNT)
    bend = 9.0 * np.sin(seen[BENT].corners[:, ::-1] / 17.0)
    seen[BENT] = replace(seen[BENT], corners=seen[BENT].corners + bend)
    return seen


@pytest.fixture(scope="module")
def lens(views: list[Detection]) -> IntrinsicsFit:
    return fit_intrinsics(BOARD, views)


@pytest.fixture(scope="module")
def recording() -> HandEyeViews:
    found = synthetic_views(np.random.default_rng(1), truth(np.random.default_rng(2), "stand"), mount="stand", count=12)
    found.detections[WRONG].corners[5] += 4.0
    return found


@pytest.fixture(scope="module")
def place(recording: HandEyeViews) -> HandEyeFit:
    with unchecked():
        return fit_hand_eye(recording)


@pytest.fixture(scope="module")
def arm(recording: HandEyeViews) -> ArmFit:
    with unchecked():
        return fit_arm([recording], [None])


def kept(folder: Path, count: int) -> tuple[Path, ...]:
    """As many pictures, all grey."""
    writer = RecordingWriter(folder, CaptureInfo(camera="wrist", serial="c 7", board=BOARD))
    for _ in range(count):
        writer.add(np.full((LENS.height, LENS.width, 3), 90, np.uint8))
    writer.finish()
    return tuple(picture_paths(folder))


def source(pictures: tuple[Path, ...] = (), passed_over: dict[Path, str] | None = None) -> Provenance:
    return Provenance(
        camera="wrist",
        camera_serial="c 7",
        board=BOARD,
        taken_at="2026-03-01T00:00:00+00:00",
        made_at="2026-03-04T05:06:07+00:00",
        arm_serial="arm 3",
        pictures=pictures,
        passed_over=passed_over or {},
    )


def text(page: Path) -> str:
    """What a person reads."""
    body = re.sub(r"<style>.*?</style>", "", page.read_text())
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def figures(page: Path) -> dict[str, str]:
    """Pictures with corners, by what is said beneath them."""
    found = re.findall(r"<figure>(<svg.*?)<figcaption>(.*?)</figcaption>", page.read_text())
    return {unescape(caption): svg for svg, caption in found}


def test_report_of_a_lens_says_where_its_figures_come_from(
    tmp_path: Path, views: list[Detection], lens: IntrinsicsFit
) -> None:
    pictures = kept(tmp_path / "pictures", COUNT + 1)
    passed_over = {pictures[-1]: "blurred, edges are 9.0 pixels wide"}
    told = text(report_intrinsics(tmp_path, source(pictures[:-1], passed_over), views, lens, None))
    for words in (
        "wrist, serial number c 7",
        "640 x 480 pixels, taken 2026-03-01 00:00:00 UTC",
        "ChArUco, 7 x 5 squares of 30 mm, markers of 22 mm, dictionary 5X5_100",
        f"{COUNT - 1} used, 1 left out; view {BENT + 1}: half of its corners are",
        "1 more picture became no view (1 blurred)",
        f"2026-03-04 05:06:07 UTC, by clam-robot {clam_robot.__version__}",
    ):
        assert words in told


def test_report_of_a_place_says_where_its_figures_come_from(
    tmp_path: Path, recording: HandEyeViews, place: HandEyeFit
) -> None:
    told = text(report_hand_eye(tmp_path, source(), recording, place, ()))
    for words in ("serial number c 7", "serial number arm 3", "camera on the stand", "12 used, 0 left out"):
        assert words in told
    num_corners = sum(len(each.ids) for each in recording.detections)
    assert f"{num_corners - 1} used, 1 left out" in told
    assert "pictures 640 x 480 pixels, taken 2026-03-01 00:00:00 UTC" in told
    assert "by clam-robot" in told


def test_report_of_an_arm_says_where_its_figures_come_from(tmp_path: Path, arm: ArmFit) -> None:
    told = text(report_arm(tmp_path, [source()], arm, None))
    for words in ("serial number arm 3", "wrist, serial number c 7", "ChArUco, 7 x 5", "12 used", "by clam-robot"):
        assert words in told


def test_a_serial_number_that_nobody_knows_is_said_to_be_unknown(tmp_path: Path, arm: ArmFit) -> None:
    told = text(report_arm(tmp_path, [replace(source(), arm_serial=None, camera_serial="")], arm, None))
    assert told.count("serial number not known") == 2


def test_pages_hold_all_they_show(
    tmp_path: Path, views: list[Detection], lens: IntrinsicsFit, recording: HandEyeViews, place: HandEyeFit
) -> None:
    pictures = kept(tmp_path / "pictures", COUNT)
    pages = (
        report_intrinsics(tmp_path / "pictures", source(pictures), views, lens, None),
        report_hand_eye(tmp_path / "pictures", source(pictures[:12]), recording, place, ()),
    )
    for page in pages:
        shown = re.findall(r'(?:src|href)="([^"]*)"', page.read_text())
        assert len(shown) >= 6
        assert all(each.startswith("data:image/") for each in shown)
    assert {each.suffix for each in (tmp_path / "pictures").iterdir()} == {".png", ".json", ".html"}
    assert len(list((tmp_path / "pictures").glob("*.png"))) == COUNT


def test_a_page_stays_small_though_its_pictures_are_large_and_noisy(
    tmp_path: Path, views: list[Detection], lens: IntrinsicsFit
) -> None:
    writer = RecordingWriter(tmp_path / "pictures", CaptureInfo(camera="wrist", serial="c 7", board=BOARD))
    large = writer.add(np.random.default_rng(0).integers(0, 256, (1440, 1920, 3), np.uint8))
    page = report_intrinsics(tmp_path, source((large,) * COUNT), views, lens, None)
    assert len(figures(page)) >= 4
    assert page.stat().st_size < LARGEST


def test_pictures_show_the_best_the_worst_and_what_was_left_out_with_their_corners(
    tmp_path: Path, views: list[Detection], lens: IntrinsicsFit
) -> None:
    pictures = kept(tmp_path / "pictures", COUNT + 1)
    passed_over = {pictures[-1]: "no board"}
    shown = figures(report_intrinsics(tmp_path, source(pictures[:-1], passed_over), views, lens, None))
    best, worst = int(np.nanargmin(lens.view_rms)), int(np.nanargmax(lens.view_rms))
    for number, words in ((best, "the best"), (worst, "the worst that was used"), (BENT, "left out: half of its")):
        (svg,) = (svg for caption, svg in shown.items() if f"view {number + 1}, {pictures[number].name}" in caption)
        assert any(f"view {number + 1}," in caption and words in caption for caption in shown)
        num_used = int((~np.isnan(lens.residuals[number][:, 0])).sum())
        assert svg.count("<circle") == num_used
        assert svg.count('class="out"') == len(views[number].ids) - num_used
        assert svg.count('class="arrow"') >= 0.8 * len(views[number].ids)
    assert any(f"{pictures[-1].name}: no view, no board" in caption for caption in shown)


def test_arrows_start_at_corners_and_are_as_much_longer_than_residuals_as_is_said(
    tmp_path: Path, views: list[Detection], lens: IntrinsicsFit
) -> None:
    shown = figures(report_intrinsics(tmp_path, source(kept(tmp_path / "pictures", COUNT)), views, lens, None))
    worst = int(np.nanargmax(lens.view_rms))
    ((caption, svg),) = ((caption, svg) for caption, svg in shown.items() if f"view {worst + 1}," in caption)
    longer = re.search(r"arrows (\d+) times as long as residuals", caption)
    assert longer is not None
    arrows = np.array(re.findall(r'class="arrow" d="M([-\d.]+) ([-\d.]+)L([-\d.]+) ([-\d.]+)M', svg), np.float64)
    is_in = ~np.isnan(lens.residuals[worst][:, 0])
    wanted = np.hstack([views[worst].corners, views[worst].corners + float(longer[1]) * lens.residuals[worst]])[is_in]
    wanted = wanted[np.linalg.norm(wanted[:, 2:] - wanted[:, :2], axis=1) >= 1.0]  # shorter ones are not drawn
    np.testing.assert_allclose(arrows, wanted, atol=0.06)
    bar = re.search(r'h([\d.]+)" stroke="#fff".*>([\d.]+) pixels?</text>', svg)
    assert bar is not None
    assert float(bar[1]) == pytest.approx(float(longer[1]) * float(bar[2]), abs=0.06)


def words(figure: Figure) -> list[str]:
    return [each.get_text() for legend in figure.legends for each in legend.get_texts()]


def test_red_bars_are_explained_and_only_where_there_are_any() -> None:
    figure = draw_view_errors([0.30, 0.28, 0.90, float("nan"), 0.31])
    axes: Any = figure.axes[0]
    reds = [to_hex(each.get_facecolor()) == RED for each in axes.patches]
    assert reds == [False, False, True, False, False]
    assert "used, but above 0.61 pixels, 2 times the usual: look at its picture" in words(figure)
    assert "left out" in words(figure)
    assert words(draw_view_errors([0.30, 0.28, 0.32])) == ["used", "median 0.30 pixels"]


def test_sharp_views_are_not_shown_as_far_off_for_being_less_sharp() -> None:
    axes: Any = draw_view_errors([0.02, 0.03, 0.12, 0.02]).axes[0]
    assert RED not in [to_hex(each.get_facecolor()) for each in axes.patches]


def test_the_map_of_the_picture_explains_its_colours(views: list[Detection]) -> None:
    assert words(draw_coverage(views, coverage(BOARD, views))) == [each.words for each in BANDS]


def test_legends_cover_no_data(
    views: list[Detection], lens: IntrinsicsFit, place: HandEyeFit, recording: HandEyeViews, arm: ArmFit
) -> None:
    assert recording.joints is not None
    rng = np.random.default_rng(0)
    loads = rng.uniform(-1.0, 1.0, (12, 6))
    drawn = (
        draw_coverage(views, coverage(BOARD, views)),
        draw_residuals(views, lens.residuals),
        draw_view_errors(lens.view_rms),
        draw_lens(lens.intrinsics),
        draw_distortion(views, lens.intrinsics),
        draw_view_errors([0.3, 0.2, 0.9, 0.3]),
        draw_scene(place),
        draw_offsets(["wrist"], arm),
        draw_sag(fit_stiffness(recording.joints, recording.joints + loads / 20.0, loads)),
    )
    for figure in drawn:
        figure.draw_without_rendering()
        (legend,) = figure.legends
        covered = legend.get_window_extent()
        assert figure.bbox.x0 <= covered.x0 and covered.x1 <= figure.bbox.x1, words(figure)
        for axes in figure.axes:
            assert not axes.get_window_extent().overlaps(covered), words(figure)
            below: Any = axes.xaxis.label
            assert not below.get_text() or not below.get_window_extent().overlaps(covered), words(figure)


def test_axes_name_their_units(views: list[Detection], lens: IntrinsicsFit, place: HandEyeFit, arm: ArmFit) -> None:
    for figure in (
        draw_residuals(views, lens.residuals),
        draw_view_errors(lens.view_rms),
        draw_solvers(place),
        draw_scene(place),
        draw_offsets(["wrist"], arm),
    ):
        labels = [each for axes in figure.axes for each in (axes.get_xlabel(), axes.get_ylabel()) if each]
        assert all(re.search(r"\[(pixel|mm|mrad|m)\]|^view", each) for each in labels), labels


def test_a_single_camera_stands_in_the_arms_legend_once(arm: ArmFit) -> None:
    assert words(draw_offsets(["wrist"], arm)) == ["wrist"]
    both = replace(arm, fits=arm.fits * 2)
    assert words(draw_offsets(["wrist", "table"], both)) == ["wrist", "table", "all together"]
