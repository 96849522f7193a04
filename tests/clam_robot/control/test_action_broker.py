"""The newest chunk decides, and time decides which row of it."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clam_robot.control.action_broker import ActionBroker
from clam_robot.types import ActionChunk

relaxed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def chunk_at(observation_time: float, value: float = 0.0, num_rows: int = 5, dt: float = 0.1) -> ActionChunk:
    """Row k holds `value` + k."""
    rows = np.float32(value) + np.arange(num_rows, dtype=np.float32)
    return ActionChunk(actions=rows[:, np.newaxis], observation_time=observation_time, dt=dt)


def value_at(broker: ActionBroker, time: float) -> float | None:
    action = broker.action_at(time)
    return None if action is None else float(action[0])


def test_without_a_chunk_nothing_is_due() -> None:
    assert ActionBroker().action_at(0.0) is None


def test_a_chunk_that_arrives_late_is_used_from_the_row_that_is_due_now() -> None:
    broker = ActionBroker()
    assert broker.put(chunk_at(1.0))
    assert [value_at(broker, time) for time in (1.25, 1.3, 1.49)] == [2.0, 3.0, 4.0]


def test_a_stale_chunk_gives_nothing_instead_of_repeating_its_last_row() -> None:
    broker = ActionBroker()
    broker.put(chunk_at(1.0))
    assert value_at(broker, 1.499) == 4.0
    assert broker.action_at(1.5) is None
    assert broker.action_at(100.0) is None


def test_a_chunk_that_answers_an_older_observation_is_refused() -> None:
    broker = ActionBroker()
    broker.put(chunk_at(2.0, value=20.0))
    assert not broker.put(chunk_at(1.9, value=10.0))
    assert value_at(broker, 2.0) == 20.0


def test_another_answer_to_the_same_observation_replaces_the_first() -> None:
    broker = ActionBroker()
    broker.put(chunk_at(2.0, value=20.0))
    assert broker.put(chunk_at(2.0, value=30.0))
    assert value_at(broker, 2.0) == 30.0


def test_reset_forgets_the_chunk_and_how_old_it_was() -> None:
    broker = ActionBroker()
    broker.put(chunk_at(2.0))
    broker.reset()
    assert broker.action_at(2.0) is None
    assert broker.put(chunk_at(1.0))


def test_after_a_reset_answers_to_an_earlier_episode_are_refused() -> None:
    broker = ActionBroker()
    broker.reset(since=5.0)
    assert not broker.put(chunk_at(4.9))
    assert broker.action_at(5.0) is None
    assert broker.put(chunk_at(5.0))
    assert value_at(broker, 5.0) == 0.0


@relaxed
@given(
    arrivals=st.lists(st.tuples(st.floats(0.0, 2.0), st.integers(1, 4)), max_size=8),
    time=st.floats(0.0, 3.0),
    since=st.one_of(st.just(-math.inf), st.floats(0.0, 1.0)),
)
def test_however_chunks_arrive_the_newest_observation_wins(
    arrivals: list[tuple[float, int]], time: float, since: float
) -> None:
    broker = ActionBroker()
    broker.reset(since=since)
    newest: ActionChunk | None = None
    for number, (observation_time, num_rows) in enumerate(arrivals):
        chunk = chunk_at(observation_time, value=10.0 * number, num_rows=num_rows)
        is_newest = observation_time >= (since if newest is None else newest.observation_time)
        assert broker.put(chunk) == is_newest
        newest = chunk if is_newest else newest
    expected = None if newest is None else newest.action_at(time)
    found = broker.action_at(time)
    assert (found is None) == (expected is None)
    if expected is not None:
        assert found == pytest.approx(expected)
