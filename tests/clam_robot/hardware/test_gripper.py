"""The gripper pushes towards its opening and stops pushing hard on what does not give."""

import pytest

from clam_robot.hardware.gripper import Gripper, GripperConfig, finger, opening
from clam_robot.hardware.wx250s import FINGER_CLOSED, FINGER_OPEN

CONFIG = GripperConfig()
PERIOD = 0.02


def test_opening_is_zero_closed_and_one_open() -> None:
    assert opening(FINGER_CLOSED) == 0.0
    assert opening(FINGER_OPEN) == 1.0
    assert finger(opening(0.02)) == pytest.approx(0.02)


def test_it_pushes_towards_what_is_wanted() -> None:
    gripper = Gripper(CONFIG)
    assert gripper.step(FINGER_CLOSED, PERIOD) == CONFIG.effort
    gripper.move_to(0.0)
    assert gripper.step(FINGER_OPEN, PERIOD) == -CONFIG.effort
    assert abs(gripper.step(finger(0.0), PERIOD)) < 1e-9


def test_on_a_grasped_object_effort_falls_to_holding_and_stays() -> None:
    gripper = Gripper(CONFIG)
    gripper.move_to(0.0)
    held = [gripper.step(0.022, PERIOD) for _ in range(200)]
    assert held[5] == -CONFIG.effort
    num_hard = sum(effort < -CONFIG.holding for effort in held)
    assert num_hard == pytest.approx(CONFIG.patience / PERIOD, abs=2)
    assert set(held[num_hard:]) == {-CONFIG.holding}
    assert gripper.is_stalled


def test_another_wish_pushes_hard_again() -> None:
    gripper = Gripper(CONFIG)
    gripper.move_to(0.0)
    for _ in range(200):
        gripper.step(0.022, PERIOD)
    gripper.move_to(1.0)
    assert gripper.step(0.022, PERIOD) == CONFIG.effort


def test_fingers_that_stop_opening_stay_where_they_are_and_those_that_close_go_on() -> None:
    gripper = Gripper(CONFIG)
    gripper.stop_opening(0.03)
    assert gripper.step(0.03, PERIOD) == pytest.approx(0.0, abs=1e-9)
    gripper.move_to(0.0)
    gripper.stop_opening(0.03)
    assert gripper.step(0.03, PERIOD) == -CONFIG.effort


def test_fingers_that_slip_are_pushed_again() -> None:
    gripper = Gripper(CONFIG)
    gripper.move_to(0.0)
    for _ in range(200):
        gripper.step(0.022, PERIOD)
    assert gripper.step(0.021, PERIOD) == -CONFIG.effort


def test_eased_it_pushes_no_harder_than_to_hold_until_something_else_is_wanted() -> None:
    config = GripperConfig()
    gripper = Gripper(config)
    gripper.reset(1.0)
    gripper.move_to(0.0)
    assert gripper.step(finger(1.0), 0.02) == -config.effort
    gripper.ease()
    for place in (1.0, 0.9, 0.5):  # moving or not
        assert gripper.step(finger(place), 0.02) == -config.holding
    gripper.move_to(1.0)
    assert gripper.step(finger(0.5), 0.02) == config.effort
