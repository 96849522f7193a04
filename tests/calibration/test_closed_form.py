import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import RigidTransform, Rotation

from calibration.closed_form import SOLVERS, board_scale
from calibration.rotation_spread import rotation_spread
from clam_robot.hardware.kinematics import tool_matrix


def poses(seed: int, noise: float = 0.0) -> tuple[np.ndarray, np.ndarray, RigidTransform]:
    """Hand, board before the camera, camera in the hand."""
    rng = np.random.default_rng(seed)
    camera = RigidTransform.from_components(rng.normal(0.0, 0.1, 3), Rotation.random(rng=rng))
    board = RigidTransform.from_components(rng.normal(0.0, 0.3, 3), Rotation.random(rng=rng))
    hands = np.array([tool_matrix(rng.uniform(-0.8, 0.8, 6)) for _ in range(12)])
    seen = [
        np.linalg.inv(hand @ camera.as_matrix())
        @ board.as_matrix()
        @ RigidTransform.from_components(
            rng.normal(0.0, noise, 3), Rotation.from_rotvec(rng.normal(0.0, noise, 3))
        ).as_matrix()
        for hand in hands
    ]
    return hands, np.array(seen), camera


@given(seed=st.integers(0, 2**32 - 1), name=st.sampled_from(sorted(SOLVERS)))
def test_solver_finds_the_camera_from_exact_poses(seed: int, name: str) -> None:
    hands, seen, camera = poses(seed)
    np.testing.assert_allclose(SOLVERS[name](hands, seen), camera.as_matrix(), atol=1e-6)


@pytest.mark.parametrize("name", SOLVERS)
def test_solver_is_near_with_noise(name: str) -> None:
    hands, seen, camera = poses(1, noise=2e-3)
    found = RigidTransform.from_matrix(SOLVERS[name](hands, seen))
    assert np.linalg.norm(found.translation - camera.translation) < 0.01
    assert (found.rotation * camera.rotation.inv()).magnitude() < 0.01


def test_scale_of_the_board_shows_in_the_motion() -> None:
    hands, seen, camera = poses(2)
    seen[:, :3, 3] *= 0.8
    found, scale = board_scale(hands, seen)
    assert scale == pytest.approx(1.25)
    np.testing.assert_allclose(found, camera.as_matrix(), atol=1e-9)


def test_turns_about_one_axis_are_told() -> None:
    turning = np.array([tool_matrix(np.array([0.1 * i, 0, 0, 0, 0.4, 0])) for i in range(-8, 9)])
    assert "one axis only" in str(rotation_spread(turning).problem)
    still = np.array([tool_matrix(np.array([0.002 * i, 0, 0, 0, 0.002 * i**2, 0])) for i in range(10)])
    assert "degrees only" in str(rotation_spread(still).problem)
    assert "0 degrees only" in str(rotation_spread(still[:1]).problem)
    assert rotation_spread(poses(0)[0]).problem is None
