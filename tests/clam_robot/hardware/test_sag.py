"""A hand that hangs below where it was sent is brought there, and never by more than the bound."""

import numpy as np
import pytest

from clam_robot.hardware.sag import Sag, SagConfig

PERIOD = 0.02
REST = np.zeros(6)
TARGET = np.array([0.1, -0.2, 0.3, 0.0, 1.0, 0.0])


def _no_gravity(position: np.ndarray) -> np.ndarray:
    return np.zeros(6)


def _settle(weight: np.ndarray, seconds: float = 4.0) -> tuple[np.ndarray, Sag]:
    """Joints that hang `weight` below what is sent."""
    sag, measured = Sag(SagConfig(), PERIOD, _no_gravity), TARGET - weight
    for _ in range(round(seconds / PERIOD)):
        sag.learn(TARGET, measured, REST)
        measured = sag.correct(TARGET) - weight
    return measured, sag


def test_what_gravity_leaves_is_made_up_for() -> None:
    measured, sag = _settle(np.array([0.0, 0.02, -0.02, 0.0, 0.01, 0.0]))
    np.testing.assert_allclose(measured, TARGET, atol=1e-4)
    sag.reset()
    np.testing.assert_array_equal(sag.correction, 0.0)


def test_the_correction_is_bounded() -> None:
    measured, sag = _settle(np.full(6, 0.5))
    assert sag.correction == pytest.approx(SagConfig().largest)
    np.testing.assert_allclose(measured, TARGET - 0.5 + SagConfig().largest)


@pytest.mark.parametrize("weight", [-2.0, 2.0])
def test_a_hand_that_is_held_up_presses_less_than_one_that_hangs_is_lifted(weight: float) -> None:
    holding = np.array([0.0, weight, 0.0, 0.0, 0.0, 0.0])
    for held_up in (True, False):
        sag = Sag(SagConfig(), PERIOD, lambda position: holding)
        off = 0.1 * np.sign(holding) * (1.0 if held_up else -1.0)
        for _ in range(500):
            sag.learn(TARGET, TARGET + off, REST)
        expected = -SagConfig().along if held_up else SagConfig().largest
        assert sag.correction[1] == pytest.approx(np.sign(weight) * expected)


def test_joints_that_only_lag_behind_learn_little() -> None:
    sag, setpoint, worst = Sag(SagConfig(), PERIOD, _no_gravity), TARGET.copy(), 0.0
    past = [setpoint] * 9  # they lag by more than the configuration says
    for _ in range(50):
        setpoint = setpoint + 1.0 * PERIOD
        past.append(setpoint)
        sag.learn(setpoint, past[-9], REST)
        worst = max(worst, float(np.abs(sag.correction).max()))
    assert worst < 0.01


def test_gravity_is_leant_against_from_the_first_set_point_on() -> None:
    torque = np.array([0.0, -2.0, -1.0, 0.0, -0.2, 0.0])
    sag = Sag(SagConfig(), PERIOD, lambda position: torque)
    sent = sag.correct(TARGET)
    np.testing.assert_allclose(sent - TARGET, torque / np.array(SagConfig().stiffness))


def test_joints_are_not_compared_with_set_points_from_before_a_stop() -> None:
    sag = Sag(SagConfig(), PERIOD, _no_gravity)
    for _ in range(20):
        sag.learn(TARGET, TARGET, REST)
    sag.forget_past()
    sag.learn(TARGET + 0.3, TARGET + 0.3, REST)
    np.testing.assert_array_equal(sag.correction, 0.0)


def test_what_was_learned_on_the_move_is_not_leant_on_after_a_stop() -> None:
    sag, setpoint = Sag(SagConfig(), PERIOD, _no_gravity), TARGET.copy()
    for index in range(100):
        setpoint = TARGET + 0.01 * (index % 20)
        sag.learn(setpoint, setpoint - 0.2, REST)
    assert np.abs(sag.correction).max() > 0.0
    learned = sag.correction.copy()
    sag.settle(np.array(3 * [True] + 3 * [False]))
    np.testing.assert_array_equal(sag.correction, np.append(np.zeros(3), learned[3:]))
    for _ in range(200):
        sag.learn(TARGET, TARGET - 0.02, REST)
    sag.settle(np.ones(6, bool))
    np.testing.assert_allclose(sag.correction[[1, 2, 4]], SagConfig().largest, atol=0.003)
    np.testing.assert_array_equal(sag.correction[[0, 3, 5]], 0.0)


def test_joints_that_still_come_teach_less_than_joints_that_rest() -> None:
    corrections = []
    for velocity in (REST, np.ones(6)):
        sag = Sag(SagConfig(), PERIOD, _no_gravity)
        for _ in range(10):
            sag.learn(TARGET, TARGET - 0.05, velocity)
        corrections.append(sag.correction)
    assert (corrections[1] < 0.05 * corrections[0]).all()
