from dataclasses import replace

import numpy as np
import pytest

from calibration.arm_fit import BENDING, ArmFit, fit_arm
from calibration.bundle_settings import OBSERVABLE
from calibration.hand_eye_views import HandEyeViews
from clam_robot.errors import CalibrationError
from clam_robot.hardware.kinematics import tool_pose
from tests.calibration.synthetic_hand_eye import Truth, synthetic_views, truth

BENT = (0.0, 1.5e-3, 1.0e-3, 0.0, 0.0, 0.0)


def recordings(seed: int, compliances: tuple[float, ...] | None = None) -> tuple[list[HandEyeViews], list[Truth]]:
    """Of one arm by a camera on the wrist and one on a stand."""
    rng = np.random.default_rng(seed)
    wrist, stand = truth(rng, "wrist"), truth(rng, "stand")
    both = [wrist, replace(stand, offsets=wrist.offsets)]
    views = [
        synthetic_views(rng, true, mount=mount, count=20, compliances=compliances)
        for true, mount in zip(both, ("wrist", "stand"), strict=True)
    ]
    return views, both


@pytest.fixture(scope="module")
def stiff() -> tuple[ArmFit, list[Truth]]:
    views, true = recordings(0)
    return fit_arm(views, [None, None]), true


def test_offsets_of_all_cameras_add_up(stiff: tuple[ArmFit, list[Truth]]) -> None:
    fit, true = stiff
    assert tuple(fit.of("offset")) == OBSERVABLE
    assert fit.of("compliance") == {}
    off = fit.values - true[0].offsets[1:5]
    assert np.abs(off).max() < 1e-3
    assert np.sqrt(off @ np.linalg.solve(fit.covariance, off) / len(off)) < 2.5
    for each in fit.fits:
        own = np.sqrt(np.diag(each.result.covariance_of(fit.names)))
        assert (np.sqrt(np.diag(fit.covariance)) < own).all()


@pytest.mark.parametrize(("number", "mount"), [(0, "wrist"), (1, "stand")])
def test_camera_follows_the_common_offsets(stiff: tuple[ArmFit, list[Truth]], number: int, mount: str) -> None:
    fit, true = stiff
    pose, covariance = fit.camera(number)
    wanted = true[number].as_seen(mount)
    assert np.linalg.norm(pose.translation - wanted.translation) < 1.5e-3
    alone = np.diag(fit.fits[number].result.covariance_of([f"camera {axis}" for axis in "xyz"]))
    assert (np.diag(covariance)[3:] <= alone * (1.0 + 1e-9)).all()
    # The board from joints that were not used, in the camera's own frame: no gauge is in it.
    rng = np.random.default_rng(9)
    offsets = np.zeros(6)
    offsets[1:5] = fit.values
    errors = []
    for joints in rng.uniform(-0.6, 0.6, (20, 6)):
        board, real = fit.fits[number].board, true[number]
        seen = []
        for hand, camera, place in (
            (tool_pose(joints + offsets), pose, board),
            (tool_pose(joints + real.offsets), real.camera, real.board),
        ):
            seen.append((camera.inv() * (hand.inv() if mount == "wrist" else hand) * place).translation)
        errors.append(np.linalg.norm(seen[0] - seen[1]))
    assert np.median(errors) < 2e-3


def test_links_that_bend_are_found_and_measured() -> None:
    views, true = recordings(1, BENT)
    fit = fit_arm(views, [None, None])
    assert tuple(fit.of("compliance")) == BENDING
    wanted = np.array([*true[0].offsets[1:5], BENT[1], BENT[2]])
    off = fit.values - wanted
    assert (np.abs(off) < 4.0 * np.sqrt(np.diag(fit.covariance))).all()
    assert np.abs(off[4:]).max() < 5e-4


def test_recordings_of_two_arms_are_refused() -> None:
    views, _ = recordings(2)
    assert views[1].joints is not None
    other = replace(views[1], joints=views[1].joints + np.array([0.0, 0.02, -0.015, 0.0, 0.0, 0.0]))
    with pytest.raises(CalibrationError, match="mrad from the others"):
        fit_arm([views[0], other], [None, None])


def test_nothing_recorded_is_told() -> None:
    with pytest.raises(CalibrationError, match="clam calibrate hand-eye"):
        fit_arm([], [])
