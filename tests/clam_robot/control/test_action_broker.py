"""Time decides which rows are due, the rule how they become one action, and what is late is refused."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clam_robot.control.action_broker import ActionBroker
from clam_robot.control.latest_only import LatestOnly
from clam_robot.control.merge_rule import MergeRule
from clam_robot.control.prefix_freezing import PrefixFreezing
from clam_robot.control.temporal_ensembling import TemporalEnsembling
from clam_robot.control.weighted_average import WeightedAverage
from clam_robot.specs import GripperSpec, RobotSpec, VectorSpec
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
    assert broker.put(chunk_at(1.0), now=0.0)
    assert [value_at(broker, time) for time in (1.25, 1.3, 1.49)] == [2.0, 3.0, 4.0]


def test_a_stale_chunk_gives_nothing_instead_of_repeating_its_last_row() -> None:
    broker = ActionBroker()
    broker.put(chunk_at(1.0), now=0.0)
    assert value_at(broker, 1.499) == 4.0
    assert broker.action_at(1.5) is None
    assert broker.action_at(100.0) is None


def test_a_chunk_that_answers_an_older_observation_is_refused() -> None:
    broker = ActionBroker()
    broker.put(chunk_at(2.0, value=20.0), now=0.0)
    assert not broker.put(chunk_at(1.9, value=10.0), now=0.0)
    assert value_at(broker, 2.0) == 20.0


def test_another_answer_to_the_same_observation_replaces_the_first() -> None:
    broker = ActionBroker()
    broker.put(chunk_at(2.0, value=20.0), now=0.0)
    assert broker.put(chunk_at(2.0, value=30.0), now=0.0)
    assert value_at(broker, 2.0) == 30.0


def test_reset_forgets_the_chunk_and_how_old_it_was() -> None:
    broker = ActionBroker()
    broker.put(chunk_at(2.0), now=0.0)
    broker.reset()
    assert broker.action_at(2.0) is None
    assert broker.put(chunk_at(1.0), now=0.0)


def test_after_a_reset_answers_to_an_earlier_episode_are_refused() -> None:
    broker = ActionBroker()
    broker.reset(since=5.0)
    assert not broker.put(chunk_at(4.9), now=0.0)
    assert broker.action_at(5.0) is None
    assert broker.put(chunk_at(5.0), now=0.0)
    assert value_at(broker, 5.0) == 0.0


def test_a_chunk_that_comes_when_all_its_rows_have_passed_is_refused_and_changes_nothing() -> None:
    broker = ActionBroker()
    broker.put(chunk_at(1.0, num_rows=20), now=1.0)
    assert not broker.put(chunk_at(1.5, value=100.0, num_rows=2), now=1.7)
    assert broker.num_refused == 1
    assert value_at(broker, 1.7) == 7.0
    assert broker.put(chunk_at(1.5, value=100.0, num_rows=2), now=1.69)


def test_refusals_are_counted_from_reset_to_reset() -> None:
    broker = ActionBroker()
    broker.reset(since=5.0)
    refused = [broker.put(chunk_at(time), now=now) for time, now in ((4.0, 5.0), (5.0, 5.5), (5.2, 9.0))]
    assert refused == [False] * 3
    assert broker.num_refused == 3
    broker.reset()
    assert broker.num_refused == 0


def test_a_rule_sees_the_row_of_each_chunk_that_is_due_whatever_its_dt() -> None:
    broker = ActionBroker(WeightedAverage(new_weight=0.5))
    broker.put(chunk_at(0.0, value=0.0, num_rows=10, dt=0.1), now=0.0)
    broker.put(chunk_at(0.2, value=100.0, num_rows=2, dt=0.25), now=0.2)
    found = [value_at(broker, time) for time in (0.2, 0.39, 0.46, 0.69)]
    assert found == [(2 + 100) / 2, (3 + 100) / 2, (4 + 101) / 2, (6 + 101) / 2]
    assert value_at(broker, 0.75) == 7.0  # the newer chunk has ended, the older has not
    assert value_at(broker, 1.0) is None


def test_the_newest_chunk_alone_decides_by_default_even_when_an_older_one_lasts_longer() -> None:
    broker = ActionBroker()
    broker.put(chunk_at(0.0, num_rows=10), now=0.0)
    broker.put(chunk_at(0.2, num_rows=2), now=0.2)
    assert value_at(broker, 0.5) is None


def test_an_ensemble_takes_every_chunk_that_is_due() -> None:
    broker = ActionBroker(TemporalEnsembling(decay=0.0))
    for k in range(4):
        broker.put(chunk_at(0.1 * k, value=10.0 * k, num_rows=3), now=0.1 * k)
    # At .35 the first chunk has ended; the others have rows 2, 1 and 0.
    assert value_at(broker, 0.35) == pytest.approx((12 + 21 + 30) / 3)


def test_a_new_chunk_is_frozen_out_from_its_arrival_on_not_from_its_observation() -> None:
    broker = ActionBroker(PrefixFreezing(frozen=0.2, crossfade=0.0))
    broker.put(chunk_at(0.0, value=0.0, num_rows=20), now=0.0)
    broker.put(chunk_at(0.1, value=100.0, num_rows=20), now=0.5)
    assert value_at(broker, 0.55) == 5.0
    assert value_at(broker, 0.65) == 6.0
    assert value_at(broker, 0.75) == 106.0


def test_without_a_plan_so_far_a_new_chunk_counts_at_once() -> None:
    broker = ActionBroker(PrefixFreezing(frozen=0.2, crossfade=0.2))
    broker.put(chunk_at(0.0, num_rows=1), now=0.0)
    broker.put(chunk_at(0.1, value=100.0), now=0.15)
    assert value_at(broker, 0.15) == 100.0


@pytest.mark.parametrize("rule", [WeightedAverage(), TemporalEnsembling(), PrefixFreezing()])
def test_another_answer_to_the_same_observation_is_no_second_opinion(rule: MergeRule) -> None:
    broker = ActionBroker(rule)
    broker.put(chunk_at(1.0, value=0.0), now=1.0)
    broker.put(chunk_at(1.0, value=50.0), now=1.0)
    assert value_at(broker, 1.0) == 50.0


def test_a_binary_gripper_is_never_half_open() -> None:
    names = ("dx", "gripper")
    vector = VectorSpec(names=names, units=("1",) * 2, low=(-1.0,) * 2, high=(1.0,) * 2)
    gripper = GripperSpec(action="gripper", mode="binary", closes="above")
    spec = RobotSpec(name="hand", state=vector, action=vector, control_hz=10.0, gripper=gripper)
    broker = ActionBroker(TemporalEnsembling(decay=0.0), spec=spec)
    for k, row in enumerate(([0.0, -1.0], [0.5, 1.0], [1.0, 1.0])):
        rows = np.tile(np.array(row, np.float32), (10, 1))
        broker.put(ActionChunk(actions=rows, observation_time=0.1 * k, dt=0.1), now=0.1 * k)
    np.testing.assert_allclose(broker.action_at(0.2), [0.5, 1.0])


def test_rows_of_another_width_than_the_newest_are_left_out() -> None:
    broker = ActionBroker(TemporalEnsembling())
    broker.put(ActionChunk(actions=np.zeros((5, 3), np.float32), observation_time=0.0, dt=0.1), now=0.0)
    broker.put(chunk_at(0.1, value=7.0), now=0.1)
    assert value_at(broker, 0.1) == 7.0


@relaxed
@given(
    rule=st.sampled_from([LatestOnly(), WeightedAverage(), TemporalEnsembling(), PrefixFreezing()]),
    arrivals=st.lists(
        st.tuples(st.floats(0.0, 0.5), st.floats(0.0, 2.0), st.integers(1, 20), st.sampled_from([0.02, 0.05, 0.3])),
        max_size=12,
    ),
)
def test_an_action_lies_between_the_rows_that_are_due_now_in_chunks_that_were_accepted(
    rule: MergeRule, arrivals: list[tuple[float, float, int, float]]
) -> None:
    broker = ActionBroker(rule)
    accepted: list[ActionChunk] = []
    now = 2.0
    for number, (wait, age, num_rows, dt) in enumerate(arrivals):
        now += wait
        chunk = chunk_at(now - age, value=100.0 * number, num_rows=num_rows, dt=dt)
        is_in_time = chunk.action_at(now) is not None
        is_newest = all(chunk.observation_time >= other.observation_time for other in accepted)
        assert broker.put(chunk, now=now) == (is_in_time and is_newest)
        if is_in_time and is_newest:
            accepted = [other for other in accepted if other.observation_time < chunk.observation_time] + [chunk]
        due = [float(row[0]) for other in accepted if (row := other.action_at(now)) is not None]
        found = value_at(broker, now)
        if found is None:
            assert not due or isinstance(rule, LatestOnly)
        else:
            assert min(due) - 1e-3 <= found <= max(due) + 1e-3


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
        assert broker.put(chunk, now=0.0) == is_newest
        newest = chunk if is_newest else newest
    expected = None if newest is None else newest.action_at(time)
    found = broker.action_at(time)
    assert (found is None) == (expected is None)
    if expected is not None:
        assert found == pytest.approx(expected)
