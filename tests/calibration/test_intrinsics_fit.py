from dataclasses import replace

import numpy as np
import pytest

from calibration.intrinsics_fit import fit_intrinsics
from calibration.view_selection import SelectionConfig, ViewSelection
from clam_robot.errors import CalibrationError
from clam_robot.hardware.calibration.intrinsics import Intrinsics
from tests.calibration.synthetic_views import BOARD, LENS, NOISE, scattered_views


@pytest.mark.parametrize("seed", range(3))
def test_fit_finds_the_lens_within_its_own_doubt(seed: int) -> None:
    fit = fit_intrinsics(BOARD, scattered_views(np.random.default_rng(seed), 25))
    sigma = np.sqrt(np.diag(fit.covariance))[:4]
    assert (np.abs(fit.intrinsics.vector - LENS.vector)[:4] < 4.0 * sigma).all()
    assert (sigma < 5.0).all()
    assert fit.noise == pytest.approx(NOISE, rel=0.1)


def test_outliers_do_not_move_the_fit() -> None:
    rng = np.random.default_rng(3)
    views = scattered_views(rng, 25)
    clean = fit_intrinsics(BOARD, views)
    views[3].corners[4] += 9.0
    views[5].corners[:] += rng.normal(0.0, 5.0, views[5].corners.shape)
    fit = fit_intrinsics(BOARD, views)
    assert np.isnan(fit.residuals[3][4]).all()
    # Good corners beside a bad one come back once it is out.
    assert np.isnan(fit.residuals[3]).any(axis=1).sum() <= 1
    assert fit.poses[5] is None
    assert np.isnan(fit.view_rms[5])
    assert fit.noise == pytest.approx(clean.noise, rel=0.1)
    assert np.abs(fit.intrinsics.vector - clean.intrinsics.vector)[:4].max() < 2.0


def test_lens_without_distortion_gets_no_more_than_doubt() -> None:
    straight = Intrinsics(width=640, height=480, fx=600.0, fy=600.0, cx=320.0, cy=240.0)
    fit = fit_intrinsics(BOARD, scattered_views(np.random.default_rng(5), 25, lens=straight))
    assert fit.model == "pinhole"
    k1, k2, p1, p2, k3 = fit.intrinsics.distortion
    assert k1 == k2 == k3 == 0.0
    sigma = np.sqrt(np.diag(fit.covariance))[6:8]
    assert (np.abs([p1, p2]) < 4.0 * sigma).all()
    assert (sigma < 2e-3).all()
    np.testing.assert_allclose(np.concatenate(fit.residuals).std(), NOISE, rtol=0.15)


def test_doubt_of_the_centre_holds_that_of_a_lens_that_is_out_of_the_middle() -> None:
    off = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        lens = LENS.with_vector(LENS.vector + rng.normal(0.0, 1.0, 9) * (0, 0, 0, 0, 0, 0, 2e-3, 2e-3, 0))
        fit = fit_intrinsics(BOARD, scattered_views(rng, 12, lens=lens))
        off.append((fit.intrinsics.vector - lens.vector)[2:4] / np.sqrt(np.diag(fit.covariance))[2:4])
    assert np.sqrt(np.mean(np.square(off))) < 1.6


def test_strong_lens_gets_its_numbers() -> None:
    bent = Intrinsics(
        width=640, height=480, fx=420.0, fy=421.0, cx=318.0, cy=243.0, distortion=(-0.32, 0.12, 0.002, -0.0015, 0.0)
    )
    fit = fit_intrinsics(BOARD, scattered_views(np.random.default_rng(6), 40, lens=bent, noise=0.1))
    assert fit.model.startswith("k1 k2")
    np.testing.assert_allclose(fit.intrinsics.distortion[2:4], bent.distortion[2:4], atol=5e-4)


def test_views_of_sharp_pictures_all_count_though_some_are_less_sharp() -> None:
    rng = np.random.default_rng(8)
    sharp = scattered_views(rng, 14, noise=0.02)
    fit = fit_intrinsics(BOARD, [*sharp, *scattered_views(rng, 6, noise=0.09)])
    assert not np.isnan(fit.view_rms).any()


def test_view_of_which_only_a_row_of_corners_is_right_is_left_out() -> None:
    rng = np.random.default_rng(9)
    views = scattered_views(rng, 14, noise=0.05)
    whole = next(i for i, each in enumerate(views) if len(each.ids) == BOARD.num_corners)
    row = np.nonzero(BOARD.points()[:, 1] == BOARD.points()[0, 1])[0]
    seen = np.concatenate([row, [BOARD.num_corners - 1]])  # that and one more are no plane
    views[whole] = replace(views[whole], ids=seen, corners=views[whole].corners[seen])
    fit = fit_intrinsics(BOARD, views)
    assert fit.poses[whole] is None
    assert np.abs(fit.intrinsics.vector - LENS.vector)[:4].max() < 3.0


def test_few_views_are_refused() -> None:
    with pytest.raises(CalibrationError, match="at least 6 views"):
        fit_intrinsics(BOARD, scattered_views(np.random.default_rng(0), 5))


def test_views_without_tilt_are_refused() -> None:
    views = scattered_views(np.random.default_rng(2), 12, tilt=0.0)
    with pytest.raises(CalibrationError, match="tilt"):
        fit_intrinsics(BOARD, views)


def test_jacobians_of_projection_are_its_derivatives() -> None:
    rng = np.random.default_rng(0)
    points = np.stack([rng.uniform(-0.2, 0.2, 20), rng.uniform(-0.15, 0.15, 20), rng.uniform(0.3, 0.6, 20)], axis=1)
    lens = LENS.with_vector(np.array([600.0, 590.0, 320.0, 240.0, 0.1, -0.2, 0.01, -0.02, 0.05]))
    _, by_point, by_number = lens.project_with_jacobians(points)
    for i in range(3):
        step = 1e-6 * np.eye(3)[i]
        np.testing.assert_allclose(
            by_point[:, :, i], (lens.project(points + step) - lens.project(points - step)) / 2e-6, rtol=1e-5, atol=1e-4
        )
    for i in range(9):
        step = 1e-5 * np.eye(9)[i]
        up, down = lens.with_vector(lens.vector + step), lens.with_vector(lens.vector - step)
        np.testing.assert_allclose(
            by_number[:, :, i], (up.project(points) - down.project(points)) / 2e-5, rtol=1e-5, atol=1e-5
        )


def test_selection_keeps_new_sharp_views_only() -> None:
    first, second, *_ = scattered_views(np.random.default_rng(0), 4)
    chosen = ViewSelection(SelectionConfig(), is_live=False)
    assert chosen.consider(first) is None
    assert chosen.consider(first) == "as before"
    assert chosen.consider(None) == "no board"
    object.__setattr__(second, "edge_width", 9.0)
    assert "blurred" in str(chosen.consider(second))
    object.__setattr__(second, "edge_width", 2.0)
    assert chosen.consider(second) is None
    assert len(chosen.kept) == 2


def test_moving_board_is_not_kept_while_live() -> None:
    first, second, *_ = scattered_views(np.random.default_rng(0), 4)
    chosen = ViewSelection(SelectionConfig(), is_live=True)
    assert chosen.consider(first) == "moving"
    assert chosen.consider(second) == "moving"
    assert chosen.consider(second) is None
