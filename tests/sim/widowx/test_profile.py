import math
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sim.widowx.profile import Profile, Shape, step, time_profile, velocity_profile

positions = st.floats(-4000, 4000)
velocities = st.floats(-2000, 2000)


def samples(profile: Profile, number: int = 400) -> list[tuple[float, float]]:
    # The last by the profile's own name: a product may round to just before a velocity that drops at once.
    return [*(profile.at(profile.duration * k / number) for k in range(number)), profile.at(profile.duration)]


def assert_is_one_motion(profile: Profile) -> None:
    """Begins and ends where it says, and its position is the integral of its velocity."""
    rows, pause = samples(profile), profile.duration / 400
    assert rows[0][0] == pytest.approx(profile.start, abs=1e-6)
    assert rows[-1] == pytest.approx((profile.goal, 0.0), abs=1e-6)
    largest = max(abs(profile.velocity), abs(profile.cruise))
    for before, after in pairwise(rows):
        assert abs(after[0] - before[0]) <= largest * pause + 1e-6


milliseconds = st.integers(0, 3000).map(lambda time: time * 1e-3)


@given(positions, velocities, positions, milliseconds, milliseconds)
def test_time_profile_arrives_when_it_is_due(
    start: float, velocity: float, goal: float, duration: float, ramp: float
) -> None:
    assume(duration > 0.0)
    profile = time_profile(start, velocity, goal, duration=duration, acceleration_time=ramp, limit=math.inf)
    assert profile.duration == pytest.approx(duration)
    assert_is_one_motion(profile)


def test_time_profile_from_rest_is_the_trapezoid_of_the_manual() -> None:
    profile = time_profile(0.0, 0.0, 1000.0, duration=2.0, acceleration_time=0.3, limit=math.inf)
    assert profile.shape == Shape.TRAPEZOID
    assert profile.cruise == pytest.approx(1000 / 1.7)
    assert profile.at(0.15)[1] == pytest.approx(profile.cruise / 2)
    assert profile.at(1.0) == pytest.approx((500.0, profile.cruise))


def test_acceleration_takes_half_the_time_at_most() -> None:
    profile = time_profile(0.0, 0.0, 1000.0, duration=1.0, acceleration_time=3.0, limit=math.inf)
    assert profile.times == (0.5, 0.0, 0.5)
    assert profile.shape == Shape.TRIANGLE


def test_time_profile_that_is_too_fast_takes_longer() -> None:
    profile = time_profile(0.0, 0.0, 4000.0, duration=0.1, acceleration_time=0.05, limit=1000.0)
    assert profile.duration > 4.0
    assert max(velocity for _, velocity in samples(profile)) == pytest.approx(1000.0)
    assert_is_one_motion(profile)


@given(positions, velocities, positions, st.floats(50, 3000), st.floats(100, 20_000))
def test_velocity_profile_keeps_its_limits(
    start: float, velocity: float, goal: float, limit: float, acceleration: float
) -> None:
    profile = velocity_profile(start, velocity, goal, limit=limit, acceleration=acceleration)
    assume(profile.duration > 0)
    rows, pause = samples(profile), profile.duration / 400
    assert_is_one_motion(profile)
    for before, after in pairwise(rows):
        assert abs(after[1]) <= max(limit, abs(velocity)) + 1e-6
        assert abs(after[1] - before[1]) <= acceleration * pause * 1.001 + 1e-6


def test_velocity_profile_without_acceleration_is_a_rectangle() -> None:
    profile = velocity_profile(0.0, 0.0, -500.0, limit=250.0, acceleration=0.0)
    assert profile.shape == Shape.RECTANGLE
    assert profile.at(1.0) == (-250.0, -250.0)
    assert profile.duration == 2.0


@pytest.mark.parametrize("profile", [step(7.0), velocity_profile(0.0, 0.0, 7.0, limit=0.0, acceleration=0.0)])
def test_profile_velocity_zero_is_a_step(profile: Profile) -> None:
    assert profile.shape == Shape.STEP
    assert profile.at(0.0) == (7.0, 0.0)


@given(positions, velocities, positions, positions, st.floats(0.05, 3), st.floats(0, 1))
def test_new_goal_goes_on_from_the_velocity_of_the_old_plan(
    start: float, velocity: float, first: float, second: float, duration: float, share: float
) -> None:
    plan = time_profile(start, velocity, first, duration=duration, acceleration_time=0.3 * duration, limit=math.inf)
    here, speed = plan.at(share * duration)
    then = time_profile(here, speed, second, duration=duration, acceleration_time=0.3 * duration, limit=math.inf)
    assert then.at(0.0) == pytest.approx((here, speed))
