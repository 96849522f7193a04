from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from scipy.spatial.transform import RigidTransform

from calibration.bundle import Bundle
from calibration.bundle_settings import GAUGE, OBSERVABLE, BundleSettings
from calibration.hand_eye import fit_hand_eye
from calibration.hand_eye_views import HandEyeViews
from calibration.hand_motion import motions_of_joints
from clam_robot.errors import CalibrationError
from clam_robot.hardware.kinematics import tool_matrix
from tests.calibration.synthetic_hand_eye import synthetic_views, truth

Mount = Literal["wrist", "stand"]
MOUNTS: tuple[Mount, ...] = ("wrist", "stand")


def test_motions_are_the_kinematics() -> None:
    joints = np.random.default_rng(0).uniform(-1.0, 1.0, (7, 6))
    found = motions_of_joints(joints)
    np.testing.assert_allclose(found.poses, [tool_matrix(each) for each in joints], atol=1e-12)
    points = found.poses[:, :3, 3] + 0.1
    own = [np.linalg.inv(pose) @ [*point, 1.0] for pose, point in zip(found.poses, points, strict=True)]
    shifts = found.shifts_of(points, np.arange(7))
    for i in range(6):
        step = 1e-6 * np.eye(6)[i]
        ends = [
            (tool_matrix(q + step) - tool_matrix(q - step)) @ each / 2e-6 for q, each in zip(joints, own, strict=True)
        ]
        np.testing.assert_allclose(shifts[:, :, i], np.array(ends)[:, :3], atol=1e-8)


@pytest.mark.parametrize("mount", MOUNTS)
def test_jacobian_is_the_derivative(mount: Mount) -> None:
    rng = np.random.default_rng(4)
    true = truth(rng, mount)
    views = synthetic_views(rng, true, mount=mount, count=10)
    settings = BundleSettings(
        offsets=OBSERVABLE,
        compliances=("shoulder", "elbow"),
        is_scale_free=True,
        intrinsics_covariance=np.diag([9.0, 9.0, 1.0, 1.0, 1e-4, 1e-4, 0.0, 0.0, 0.0]),
        board_of=(np.arange(10) >= 5).astype(np.int64),
    )
    bundle = Bundle(views, settings, 0.3)
    cameras, boards = [true.camera], [true.board, true.board]
    at = 1e-2 * rng.normal(size=len(bundle.names))
    whiten = bundle._whitening(cameras, boards, at[18:])
    _, jacobian = bundle._whitened(at, cameras, boards, whiten)
    for i in range(len(at)):
        step = 1e-6 * np.eye(len(at))[i]
        up, down = (bundle._whitened(at + sign * step, cameras, boards, whiten)[0] for sign in (1.0, -1.0))
        np.testing.assert_allclose(
            jacobian[:, i], (up - down) / 2e-6, rtol=1e-4, atol=1e-3 * np.abs(jacobian[:, i]).max()
        )


@pytest.mark.parametrize("mount", MOUNTS)
def test_fit_finds_camera_and_offsets_within_their_doubt(mount: Mount) -> None:
    rng = np.random.default_rng(1)
    true = truth(rng, mount)
    fit = fit_hand_eye(synthetic_views(rng, true, mount=mount))
    wanted = true.as_seen(mount)
    off = fit.camera.translation - wanted.translation
    sigmas = np.array([fit.result.sigma(f"camera {axis}") for axis in "xyz"])
    assert (np.abs(off) < 4.0 * sigmas).all()
    assert sigmas.max() < 1e-3
    found = fit.result.offsets[1:5]
    doubts = np.array([fit.result.sigma(f"offset {name}") for name in OBSERVABLE])
    assert (np.abs(found - true.offsets[1:5]) < 4.0 * doubts).all()
    assert (fit.result.offsets[[0, 5]] == 0.0).all()
    assert GAUGE == ("waist", "wrist_rotate")
    assert 0.6 < fit.result.misfit < 1.4
    assert fit.held_out_position < 5e-3
    assert all(each is not None for each in fit.solvers.values())


@pytest.mark.usefixtures("unchecked_types")
@pytest.mark.parametrize("mount", ["wrist", "stand"])
def test_offsets_are_as_far_off_as_their_doubt_says(mount: Mount) -> None:
    def off(seed: int) -> np.ndarray:
        rng = np.random.default_rng(seed)
        true = truth(rng, mount)
        views = synthetic_views(rng, true, mount=mount, count=14, joint_noise=BundleSettings().joint_noise)
        result = fit_hand_eye(views).result
        return (result.offsets - true.offsets)[1:5] / [result.sigma(f"offset {name}") for name in OBSERVABLE]

    rms = np.sqrt(np.mean([off(seed) ** 2 for seed in range(20)], axis=0))
    assert ((rms > 0.6) & (rms < 1.4)).all(), dict(zip(OBSERVABLE, rms, strict=True))


def test_poses_instead_of_joints_do_as_well() -> None:
    rng = np.random.default_rng(2)
    true = truth(rng, "wrist", offset=0.0)
    views = synthetic_views(rng, true, mount="wrist")
    fit = fit_hand_eye(as_poses(views))
    assert np.linalg.norm(fit.camera.translation - true.camera.translation) < 1.5e-3


def as_poses(views: HandEyeViews) -> HandEyeViews:
    hands = RigidTransform.from_matrix(views.hands())
    tool = np.concatenate([hands.translation, hands.rotation.as_euler("xyz")], axis=1)
    return replace(views, joints=None, tool=tool)


def test_joint_offsets_without_joints_are_refused() -> None:
    rng = np.random.default_rng(2)
    views = as_poses(synthetic_views(rng, truth(rng, "wrist"), mount="wrist", count=8))
    with pytest.raises(CalibrationError, match="need joints"):
        fit_hand_eye(views, BundleSettings(offsets=OBSERVABLE))


def test_pictures_of_another_size_are_refused() -> None:
    rng = np.random.default_rng(2)
    views = synthetic_views(rng, truth(rng, "wrist"), mount="wrist", count=8)
    with pytest.raises(CalibrationError, match="another resolution"):
        replace(views, intrinsics=replace(views.intrinsics, width=1280))
