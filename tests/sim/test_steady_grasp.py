"""What a script is told of the object it holds."""

import numpy as np

from sim.steady_grasp import HAND, OBJECT, OPENING, SteadyGrasp

MARGIN = 0.005


class Listener:
    """A script that closes the gripper, or opens it, and keeps what it was told."""

    def __init__(self) -> None:
        self.effort = 1.0
        self.heard: list[np.ndarray] = []

    def get_action(self, obs: np.ndarray) -> np.ndarray:
        self.heard.append(obs[OBJECT] - obs[HAND])
        return np.array([0.0, 0.0, 0.0, self.effort])


def _seen(at: tuple[float, float, float], opening: float) -> np.ndarray:
    seen = np.zeros(39)
    seen[HAND] = (0.1, 0.6, 0.2)
    seen[OBJECT] = seen[HAND] + at
    seen[OPENING] = opening
    return seen


def _grasped() -> tuple[SteadyGrasp, Listener]:
    script = Listener()
    steady = SteadyGrasp(script, margin=MARGIN)
    for opening in (0.9, 0.6, 0.3, 0.3):
        steady.get_action(_seen((0.0, 0.002, -0.024), opening))
    return steady, script


def test_before_the_fingers_stand_still_the_object_is_where_it_is() -> None:
    _, script = _grasped()
    for heard in script.heard[:3]:
        np.testing.assert_allclose(heard, (0.0, 0.002, -0.024), atol=1e-12)


def test_a_held_object_is_said_to_be_nearer_than_where_it_was_grasped_and_slipping_changes_nothing() -> None:
    steady, script = _grasped()
    steady.get_action(_seen((0.0, 0.004, -0.031), 0.3))
    for heard in script.heard[3:]:
        np.testing.assert_allclose(heard, (0.0, 0.0, -0.019), atol=1e-12)


def test_a_lost_object_is_where_it_is_again() -> None:
    steady, script = _grasped()
    steady.get_action(_seen((0.0, 0.0, -0.2), 0.02))
    np.testing.assert_allclose(script.heard[-1], (0.0, 0.0, -0.2), atol=1e-12)


def test_a_released_object_is_where_it_is_again() -> None:
    steady, script = _grasped()
    script.effort = -1.0
    steady.get_action(_seen((0.0, 0.0, -0.024), 0.3))
    steady.get_action(_seen((0.0, 0.0, -0.024), 0.3))
    np.testing.assert_allclose(script.heard[-1], (0.0, 0.0, -0.024), atol=1e-12)


def test_a_reset_empties_the_hand() -> None:
    steady, script = _grasped()
    steady.reset()
    steady.get_action(_seen((0.0, 0.0, -0.024), 0.3))
    np.testing.assert_allclose(script.heard[-1], (0.0, 0.0, -0.024), atol=1e-12)
