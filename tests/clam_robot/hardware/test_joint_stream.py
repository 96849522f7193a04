"""Set-points keep their limits whatever is asked for, and every plan ends at rest."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clam_robot.errors import ConfigError
from clam_robot.hardware.joint_stream import JointStream, StreamConfig

CONFIG = StreamConfig()
TARGETS = st.lists(st.lists(st.floats(-3.0, 3.0), min_size=6, max_size=6), min_size=1, max_size=8)


@settings(max_examples=60)
@given(TARGETS, st.integers(1, 12), st.data())
def test_velocity_acceleration_and_jerk_keep_their_limits(
    targets: list[list[float]], num_steps: int, data: st.DataObject
) -> None:
    stream = JointStream(CONFIG)
    positions = [stream.position]
    has_stopped = False
    for target in targets:
        is_stop = data.draw(st.booleans())
        has_stopped = has_stopped or is_stop
        stream.follow(stream.plan_stop() if is_stop else stream.plan_to(np.array(target)))
        positions += [stream.step() for _ in range(num_steps)]
    period = CONFIG.period
    velocity = np.diff(positions, axis=0) / period
    assert np.abs(velocity).max(initial=0.0) <= CONFIG.velocity * (1 + 1e-6)
    acceleration = np.diff(velocity, axis=0) / period
    limit = CONFIG.stop_acceleration if has_stopped else CONFIG.acceleration
    assert np.abs(acceleration).max(initial=0.0) <= limit * (1 + 1e-6)
    jerk = np.diff(acceleration, axis=0) / period
    limit = CONFIG.stop_jerk if has_stopped else CONFIG.jerk
    assert np.abs(jerk).max(initial=0.0) <= limit * (1 + 1e-6)


def test_a_plan_is_what_is_followed_and_ends_at_rest_at_its_target() -> None:
    stream = JointStream(CONFIG)
    target = np.array([0.4, -0.2, 0.1, 0.0, 0.3, -1.0])
    plan = stream.plan_to(target)
    stream.follow(plan)
    planned = plan.remaining()
    followed = np.array([stream.step() for _ in range(len(planned))])
    np.testing.assert_array_equal(followed, planned)
    np.testing.assert_allclose(stream.position, target, atol=1e-9)
    np.testing.assert_allclose(stream.velocity, 0.0, atol=1e-9)
    assert stream.is_at_rest


def test_stopping_from_full_speed_takes_less_than_the_twentieth_of_a_second() -> None:
    stream = JointStream(CONFIG)
    stream.follow(stream.plan_to(np.full(6, 3.0)))
    for _ in range(50):
        stream.step()
    assert np.abs(stream.velocity).max() == pytest.approx(CONFIG.velocity)
    stop = stream.plan_stop()
    assert len(stop.remaining()) * CONFIG.period < 0.05 + CONFIG.period


@given(st.floats(0.1, 3.0), st.integers(1, 3), st.integers(1, 30))
def test_who_goes_on_out_of_a_stop_does_not_swing_back(target: float, num_stopped: int, num_steps: int) -> None:
    stream = JointStream(CONFIG)
    stream.follow(stream.plan_to(np.full(6, 3.0)))
    for _ in range(num_steps):
        stream.step()
    stream.follow(stream.plan_stop())
    for _ in range(num_stopped):
        stream.step()
    stream.follow(stream.plan_to(stream.position + target))
    while not stream.is_at_rest:
        stream.step()
        assert stream.velocity.min() >= -1e-6


def test_a_plan_that_is_not_followed_changes_nothing() -> None:
    stream, other = JointStream(CONFIG), JointStream(CONFIG)
    for each in (stream, other):
        each.follow(each.plan_to(np.full(6, 1.0)))
        each.step()
    stream.plan_to(np.full(6, -1.0), velocity=0.1)
    np.testing.assert_array_equal(stream.step(), other.step())


def test_a_slow_move_stays_slow() -> None:
    stream = JointStream(CONFIG)
    stream.follow(stream.plan_to(np.full(6, 1.0), velocity=0.3))
    positions = [stream.step() for _ in range(100)]
    assert np.abs(np.diff(positions, axis=0)).max() <= 0.3 * CONFIG.period * (1 + 1e-6)


@pytest.mark.parametrize(("field", "value"), [("velocity", 4.0), ("hz", 0.0), ("jerk", -1.0)])
def test_limits_that_make_no_sense_are_refused(field: str, value: float) -> None:
    with pytest.raises(ConfigError, match=field):
        StreamConfig(**{field: value})
