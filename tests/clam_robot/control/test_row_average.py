"""Amounts are averaged, switches are voted on."""

import dataclasses
import math
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clam_robot.control.row_average import RowAverage
from clam_robot.specs import GripperSpec, RobotSpec
from clam_robot.testing.fakes import fake_spec


def gripping(mode: Literal["binary", "continuous"] = "binary", threshold: float = 0.0) -> RobotSpec:
    """A robot whose last action entry commands a gripper."""
    gripper = GripperSpec(action="vz", mode=mode, closes="above", threshold=threshold)
    return dataclasses.replace(fake_spec(), gripper=gripper)


def grip(values: list[float], weights: list[float], spec: RobotSpec | None = None) -> float:
    """The gripper's entry of the average."""
    rows = [np.array([0.0, 0.0, value], np.float32) for value in values]
    return float(RowAverage(spec or gripping())(rows, weights)[2])


def test_amounts_are_averaged() -> None:
    rows = [np.array([0.0, 1.0, 4.0], np.float32), np.array([1.0, 1.0, 0.0], np.float32)]
    np.testing.assert_allclose(RowAverage(fake_spec())(rows, [0.25, 0.75]), [0.75, 1.0, 1.0])
    np.testing.assert_allclose(RowAverage(None)(rows, [0.25, 0.75]), [0.75, 1.0, 1.0])


def test_one_strong_word_does_not_outvote_two_weak_ones() -> None:
    assert grip([1.0, -0.1, -0.2], [0.4, 0.3, 0.3]) == pytest.approx(-0.2)


def test_the_value_is_one_that_was_asked_for_the_newest_on_the_winning_side() -> None:
    assert grip([0.9, 0.8, -1.0], [0.3, 0.3, 0.4]) == pytest.approx(0.8)


def test_a_draw_goes_to_the_newest() -> None:
    assert grip([1.0, -1.0], [0.5, 0.5]) == -1.0
    assert grip([-1.0, 1.0], [0.5, 0.5]) == 1.0
    assert grip([1.0, 1.0, -1.0], [0.1, 0.2, 0.3]) == -1.0  # .1 + .2 - .3 is not quite 0


def test_the_threshold_is_that_of_the_robot() -> None:
    spec = gripping(threshold=0.5)
    assert grip([0.0, 0.4, 1.0], [0.3, 0.3, 0.4], spec) == pytest.approx(0.4)


def test_a_continuous_gripper_is_an_amount() -> None:
    assert grip([1.0, 0.0], [0.5, 0.5], gripping("continuous")) == pytest.approx(0.5)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_not_finite_stays_so_for_the_limiter_to_refuse(value: float) -> None:
    rows = [np.array([0.0, value, 0.0], np.float32), np.zeros(3, np.float32)]
    assert not np.isfinite(RowAverage(fake_spec())(rows, [0.5, 0.5])[1])
    assert not math.isfinite(grip([value, 1.0, 1.0], [0.2, 0.4, 0.4]))
    assert np.isfinite(RowAverage(fake_spec())(rows, [0.0, 1.0])).all()


@given(
    values=st.lists(st.sampled_from([-1.0, -0.4, 0.0, 0.3, 0.5, 1.0]), min_size=1, max_size=6),
    raw=st.lists(st.floats(0.01, 1.0), min_size=6, max_size=6),
    threshold=st.sampled_from([0.0, 0.45]),
)
def test_a_switch_is_only_ever_told_what_somebody_asked_for(
    values: list[float], raw: list[float], threshold: float
) -> None:
    weights = [share / sum(raw[: len(values)]) for share in raw[: len(values)]]
    found = grip(values, weights, gripping(threshold=threshold))
    assert any(found == np.float32(value) for value in values)
    share = sum(weight for value, weight in zip(values, weights, strict=True) if (value > threshold))
    if abs(share - 0.5) > 1e-6:
        assert (found > threshold) == (share > 0.5)
