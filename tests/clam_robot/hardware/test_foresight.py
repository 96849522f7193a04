"""Joints are foreseen where springs would bring them: late, a little beyond, and in the end there."""

import numpy as np

from clam_robot.hardware.foresight import Way, foresee

PERIOD = 0.02
REST = np.zeros(6)


def test_joints_that_rest_at_their_set_points_stay() -> None:
    np.testing.assert_allclose(foresee(REST, REST, np.zeros((5, 6)), PERIOD).position, 0.0)


def test_joints_come_late_and_swing_beyond_the_last_set_point() -> None:
    ramp = np.linspace(0.02, 0.2, 10)[:, None] * np.ones(6)  # 1 rad/s
    ways = foresee(REST, REST, ramp, PERIOD).position
    assert (ways[2] < ramp[5]).all()
    beyond = ways.max(axis=0) - 0.2
    assert (beyond[:3] > 0.01).all() and (beyond < 0.06).all()


def test_moving_joints_go_on_for_a_while() -> None:
    ways = foresee(REST, np.ones(6), np.zeros((1, 6)), PERIOD).position
    assert (ways[0] > 0.005).all()


def test_they_settle_where_set_points_end() -> None:
    ways = foresee(REST, np.ones(6), np.full((60, 6), 0.1), PERIOD).position
    np.testing.assert_allclose(ways[-1], 0.1, atol=0.01)


def test_a_joint_that_is_stopped_goes_on_the_further_the_faster_it_is_and_the_more_it_carries() -> None:
    way = Way(position=np.zeros((2, 6)), velocity=np.stack([REST, np.array([1.0, 0.5, 1.0, 1.0, -1.0, 1.0])]))
    stops = way.stops()
    assert (stops[::2] == 0.0).all()
    furthest = np.abs(stops).max(axis=0)
    assert 0.05 < furthest[0] < 0.15 and furthest[1] == 0.5 * furthest[0]
    assert furthest[0] > furthest[2] > furthest[3] > furthest[5] > 0.0
    assert stops[:, 4].min() < 0.0 == stops[:, 4].max()
