"""Counts and SI units."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clam_robot.hardware.units import (
    counts_from_radians,
    current_from_counts,
    pwm_from_effort,
    radians_from_counts,
    velocity_from_counts,
)


def test_zero_is_half_a_turn_of_counts() -> None:
    np.testing.assert_array_equal(counts_from_radians(np.array([0.0, math.pi / 2, -math.pi])), [2048, 3072, 0])
    np.testing.assert_allclose(radians_from_counts(np.array([2048, 0])), [0.0, -math.pi])


@given(st.lists(st.integers(-(2**20), 2**20), min_size=1))
def test_counts_survive_the_way_to_radians_and_back(counts: list[int]) -> None:
    array = np.array(counts, np.int64)
    np.testing.assert_array_equal(counts_from_radians(radians_from_counts(array)), array)


@given(st.floats(-math.pi, math.pi))
def test_a_goal_is_off_by_half_a_count_at_most(angle: float) -> None:
    back = radians_from_counts(counts_from_radians(np.array([angle])))
    assert abs(back[0] - angle) <= math.pi / 4096 + 1e-12


def test_units_are_those_of_the_manual() -> None:
    assert velocity_from_counts(np.array([100]))[0] == pytest.approx(22.9 * 2 * math.pi / 60)
    assert current_from_counts(np.array([-100]))[0] == pytest.approx(-269.0)
    assert [pwm_from_effort(effort) for effort in (-1.0, 0.0, 0.5, 1.0)] == [-885, 0, 442, 885]
