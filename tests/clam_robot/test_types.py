"""Observations fit a spec; rows of an action chunk are due by time."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clam_robot.errors import InvalidImage, InvalidVector
from clam_robot.specs import CameraSpec
from clam_robot.testing.fakes import fake_spec
from clam_robot.types import ActionChunk, Observation

relaxed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

TIMES = st.one_of(st.floats(0.0, 1e6), st.sampled_from([0.0, 0.1, 1e5 + 0.3, 1e6, 1.7e9]))
PERIODS = st.one_of(st.floats(1e-3, 1.0), st.sampled_from([0.02, 0.1, 0.2, 1 / 3, 1 / 30]))


def numbered_chunk(num_rows: int, observation_time: float, dt: float) -> ActionChunk:
    """Row k holds k."""
    actions = np.arange(num_rows, dtype=np.float32)[:, np.newaxis]
    return ActionChunk(actions=actions, observation_time=observation_time, dt=dt)


def row_at(chunk: ActionChunk, time: float) -> int | None:
    action = chunk.action_at(time)
    return None if action is None else int(action[0])


@relaxed
@given(num_rows=st.integers(1, 2000), time=TIMES, dt=PERIODS, data=st.data())
def test_row_k_is_due_from_its_time_for_one_dt(num_rows: int, time: float, dt: float, data: st.DataObject) -> None:
    chunk = numbered_chunk(num_rows, time, dt)
    k = data.draw(st.integers(0, num_rows - 1))
    share = data.draw(st.floats(0.01, 0.99))
    assert row_at(chunk, time + k * dt) == k
    assert row_at(chunk, time + (k + share) * dt) == k


@relaxed
@given(num_rows=st.integers(1, 2000), time=TIMES, dt=PERIODS, beyond=st.floats(0.01, 1e9))
def test_nothing_is_due_before_the_first_row_and_past_the_last(
    num_rows: int, time: float, dt: float, beyond: float
) -> None:
    chunk = numbered_chunk(num_rows, time, dt)
    assert row_at(chunk, time - beyond * dt) is None
    assert row_at(chunk, chunk.end_time) is None
    assert row_at(chunk, chunk.end_time + beyond * dt) is None
    assert row_at(chunk, chunk.end_time - 0.5 * dt) == num_rows - 1


@settings(relaxed, max_examples=30)
@given(start=st.one_of(st.floats(0.0, 1e6), st.just(1e6)), dt=PERIODS)
def test_a_loop_that_adds_up_its_periods_meets_every_row_once(start: float, dt: float) -> None:
    chunk = numbered_chunk(300, start, dt)
    time, rows = start, []
    for _ in range(300):
        rows.append(row_at(chunk, time))
        time += dt
    assert rows == list(range(300))


@relaxed
@given(time=st.floats(), dt=st.floats(min_value=5e-324, allow_infinity=False, allow_nan=False))
def test_any_clock_reading_and_any_dt_give_a_row_or_none(time: float, dt: float) -> None:
    row = row_at(numbered_chunk(3, 1.0, dt), time)
    assert row in (None, 0, 1, 2)
    if math.isnan(time) or time < 0.0:
        assert row is None or dt > 1.0


def test_an_action_is_due_at_once_and_no_longer_than_one_dt() -> None:
    chunk = numbered_chunk(1, 10.0, 0.1)
    assert [row_at(chunk, time) for time in (9.95, 10.0, 10.09, 10.1, 11.0)] == [None, 0, 0, None, None]


@pytest.mark.parametrize("dt", [0.0, -0.1, math.nan, math.inf])
def test_a_chunk_without_a_positive_dt_is_refused(dt: float) -> None:
    with pytest.raises(InvalidVector, match="dt must be a positive number"):
        numbered_chunk(1, 0.0, dt)


@pytest.mark.parametrize("time", [math.nan, math.inf, -math.inf])
def test_a_chunk_that_answers_no_moment_in_time_is_refused(time: float) -> None:
    with pytest.raises(InvalidVector, match="observation_time"):
        numbered_chunk(1, time, 0.1)


def test_a_chunk_without_rows_is_refused() -> None:
    with pytest.raises(InvalidVector, match=r"shape \(H, A\) with H at least 1, found \(0, 3\)"):
        ActionChunk(actions=np.zeros((0, 3), np.float32), observation_time=0.0, dt=0.1)


def observation(**images: np.ndarray) -> Observation:
    return Observation(time=0.0, state=np.zeros(6, np.float32), images=images)


SPEC = fake_spec({"front": CameraSpec(height=4, width=6), "wrist": CameraSpec(height=2, width=2)})
FRONT, WRIST = np.zeros((4, 6, 3), np.uint8), np.zeros((2, 2, 3), np.uint8)


def test_an_observation_of_the_robot_is_valid_even_outside_the_state_bounds() -> None:
    observation(front=FRONT, wrist=WRIST).validate(SPEC)
    Observation(time=0.0, state=np.full(6, 99.0, np.float32), images={"front": FRONT, "wrist": WRIST}).validate(SPEC)


def test_a_missing_camera_is_named_with_those_there_are() -> None:
    with pytest.raises(InvalidImage, match="camera wrist: no image; there are front"):
        observation(front=FRONT).validate(SPEC)
    with pytest.raises(InvalidImage, match="camera front: no image; there are none"):
        observation().validate(SPEC)


def test_an_image_of_another_size_is_named() -> None:
    with pytest.raises(InvalidImage, match=r"camera wrist: expected \(2, 2, 3\) uint8 RGB, found \(4, 6, 3\)"):
        observation(front=FRONT, wrist=FRONT).validate(SPEC)


def test_a_state_that_is_not_finite_is_named() -> None:
    state = np.zeros(6, np.float32)
    state[4] = np.nan
    with pytest.raises(InvalidVector, match=r"state\[4\] goal_y"):
        Observation(time=0.0, state=state).validate(fake_spec())


def test_a_state_of_another_length_is_refused() -> None:
    with pytest.raises(InvalidVector, match=r"state: expected shape \(6,\)"):
        Observation(time=0.0, state=np.zeros(5, np.float32)).validate(fake_spec())
