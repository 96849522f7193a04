"""Deadband, curve, frames and speeds, as properties."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clam_robot.errors import ConfigError
from teleop.mapping import HEADINGS, MappingConfig, View, hand_velocity, respond, turned

SHARES = st.floats(-1.0, 1.0)
DEADBANDS = st.floats(0.0, 0.9)
EXPONENTS = st.floats(1.0, 4.0)
TWISTS = st.lists(SHARES, min_size=6, max_size=6).map(np.array)
MAPPINGS = st.builds(
    MappingConfig,
    view=st.sampled_from(sorted(HEADINGS)),
    translation_speed=st.floats(0.01, 1.0),
    rotation_speed=st.floats(0.01, 3.0),
    deadband=DEADBANDS,
    exponent=EXPONENTS,
)


def share(x: float, deadband: float, exponent: float) -> float:
    return float(respond(np.array([x]), deadband=deadband, exponent=exponent)[0])


@given(SHARES, DEADBANDS, EXPONENTS)
def test_the_response_is_odd_bounded_and_nothing_in_the_deadband(x: float, deadband: float, exponent: float) -> None:
    y = share(x, deadband, exponent)
    assert y == -share(-x, deadband, exponent)
    assert abs(y) <= 1.0
    assert y * x >= 0.0
    if abs(x) <= deadband:
        assert y == 0.0


@given(SHARES, SHARES, DEADBANDS, EXPONENTS)
def test_the_response_grows_without_a_jump(a: float, b: float, deadband: float, exponent: float) -> None:
    low, high = sorted((a, b))
    rise = share(high, deadband, exponent) - share(low, deadband, exponent)
    assert rise >= 0.0
    assert rise <= exponent / (1.0 - deadband) * (high - low) + 1e-9


@given(DEADBANDS, EXPONENTS, st.floats(1.0, 10.0))
def test_full_deflection_is_full_speed(deadband: float, exponent: float, beyond: float) -> None:
    assert share(beyond, deadband, exponent) == 1.0
    assert share(-beyond, deadband, exponent) == -1.0


@given(TWISTS, MAPPINGS, st.floats(0.0, 1.0), st.floats(-math.pi, math.pi))
def test_no_speed_is_above_the_set_one(
    twist: np.ndarray, mapping: MappingConfig, speed: float, forwards: float
) -> None:
    velocity = hand_velocity(twist, mapping, speed=speed, forwards=forwards)
    assert np.linalg.norm(velocity[:3]) <= speed * mapping.translation_speed * (1 + 1e-9)
    assert np.linalg.norm(velocity[3:]) <= speed * mapping.rotation_speed * (1 + 1e-9)


@given(TWISTS, MAPPINGS, st.floats(0.1, 1.0))
def test_slower_is_the_same_direction(twist: np.ndarray, mapping: MappingConfig, speed: float) -> None:
    np.testing.assert_allclose(
        hand_velocity(twist, mapping, speed=speed), speed * hand_velocity(twist, mapping), atol=1e-12
    )


@pytest.mark.parametrize(
    ("view", "forwards", "left"),
    [
        ("behind", (1, 0, 0), (0, 1, 0)),
        ("front", (-1, 0, 0), (0, -1, 0)),  # who faces the arm pushes it away from the person: back to its base
        ("left", (0, -1, 0), (1, 0, 0)),  # at its left side, looking to its right
        ("right", (0, 1, 0), (-1, 0, 0)),
    ],
)
def test_forwards_is_away_from_the_person(view: View, forwards: tuple[int, ...], left: tuple[int, ...]) -> None:
    mapping = MappingConfig(view=view, translation_speed=1.0, rotation_speed=1.0)
    for axis, expected in ((0, forwards), (1, left), (2, (0, 0, 1))):
        twist = np.zeros(6)
        twist[axis] = twist[3 + axis] = 1.0
        velocity = hand_velocity(twist, mapping)
        np.testing.assert_allclose(velocity[:3], expected, atol=1e-9)
        np.testing.assert_allclose(velocity[3:], expected, atol=1e-9)  # it turns about what it moves along


@given(st.lists(st.floats(-10, 10), min_size=3, max_size=3).map(np.array), st.floats(-7, 7))
def test_turning_keeps_lengths_and_heights_and_can_be_undone(vector: np.ndarray, heading: float) -> None:
    there = turned(vector, heading)
    assert there[2] == vector[2]
    assert np.linalg.norm(there) == pytest.approx(np.linalg.norm(vector))
    np.testing.assert_allclose(turned(there, -heading), vector, atol=1e-9)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("deadband", 1.0),
        ("deadband", -0.1),
        ("exponent", 0.5),
        ("translation_speed", 0.0),
        ("rotation_speed", math.inf),
    ],
)
def test_settings_that_make_no_sense_are_named(field: str, value: float) -> None:
    with pytest.raises(ConfigError, match=field):
        MappingConfig(**{field: value})
