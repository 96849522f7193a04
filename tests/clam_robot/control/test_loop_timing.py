"""When the loop acts, and with which row of which chunk."""

import pytest

from clam_robot.control.loop import ControlLoop, LoopConfig
from clam_robot.errors import PolicyUnavailable
from clam_robot.testing.fakes import FakePolicy, FakeRobot, FakeSubscriber, fake_spec
from clam_robot.timing import ManualClock, MonotonicClock
from tests.clam_robot.control.loops import PERIOD, CountingPolicy, connected, origins, rest, run, start


def test_every_period_begins_on_its_deadline_and_observes_before_it_acts() -> None:
    clock = ManualClock(start=1e6)
    _, steps = run(FakePolicy(act=rest), clock, horizon=20)
    assert [step.observation.time for step in steps] == pytest.approx([1e6 + k * PERIOD for k in range(20)], abs=1e-6)


def test_rows_that_are_too_late_are_dropped_by_time() -> None:
    clock = ManualClock()
    policy = CountingPolicy(num_rows=5, work=lambda number: clock.advance(0.25 if number == 0 else 0.0))
    outcome, steps = run(policy, clock, replan_every=100, max_steps=4)
    rows = origins(steps)
    assert rows[0] == (0, 2)
    assert rows[-1] == (0, 4)
    assert outcome.num_overruns == 1


def test_an_answer_that_is_late_altogether_is_not_sent() -> None:
    clock = ManualClock()
    policy = CountingPolicy(num_rows=1, work=lambda number: clock.advance(0.25 if number < 2 else 0.0))
    outcome, steps = run(policy, clock, horizon=5)
    assert origins(steps) == [None, None, (2, 0), (3, 0), (4, 0)]
    assert [step.limits for step in steps[:3]] == [("no_action",), ("no_action",), ()]
    assert (outcome.num_held, outcome.num_limited) == (2, 0)


def test_a_chunk_is_used_row_by_row_until_the_next_inference_is_due() -> None:
    policy = CountingPolicy(num_rows=4)
    _, steps = run(policy, ManualClock(), replan_every=4)
    assert origins(steps) == [(0, 0), (0, 1), (0, 2), (0, 3), (1, 0), (1, 1), (1, 2), (1, 3)]
    assert [observation.time for observation in policy.asked] == pytest.approx([0.0, 0.4])


def test_a_newer_chunk_replaces_the_rest_of_the_one_before() -> None:
    _, steps = run(CountingPolicy(num_rows=10), ManualClock(), replan_every=3)
    assert origins(steps) == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (2, 0), (2, 1)]


def test_an_exhausted_chunk_brings_the_next_inference_forward() -> None:
    _, steps = run(CountingPolicy(num_rows=2), ManualClock(), replan_every=4)
    assert origins(steps) == [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1), (3, 0), (3, 1)]


def test_an_answer_to_an_older_observation_does_not_replace_a_newer_one() -> None:
    policy = CountingPolicy(num_rows=10)
    policy.answer_time = lambda observation: 0.0 if len(policy.asked) == 1 else -1.0
    _, steps = run(policy, ManualClock())
    assert len(policy.asked) == 8
    assert origins(steps) == [(0, k) for k in range(8)]


def test_an_answer_that_belongs_to_the_episode_before_is_never_sent() -> None:
    clock = ManualClock()
    robot = connected(FakeRobot(clock, horizon=3))
    policy = CountingPolicy(num_rows=100)
    loop = ControlLoop(robot, policy, clock=clock, config=LoopConfig(max_held=2))
    loop.run_episode(start())
    assert len(robot.sent) == 3
    policy.answer_time = lambda _: 0.0
    with pytest.raises(PolicyUnavailable):
        loop.run_episode(start())
    assert len(robot.sent) == 3


def test_inference_is_timed_by_the_stopwatch_and_late_periods_by_the_clock() -> None:
    clock, stopwatch = ManualClock(), ManualClock()
    policy = CountingPolicy(work=lambda number: stopwatch.advance(0.02 * (number + 1)))
    robot = connected(FakeRobot(clock, horizon=3))
    outcome = ControlLoop(robot, policy, clock=clock, stopwatch=stopwatch).run_episode(start())
    assert outcome.infer_ms == pytest.approx((20.0, 40.0, 60.0))
    assert outcome.num_overruns == 0


def test_the_time_that_beginning_takes_is_not_part_of_the_episode() -> None:
    clock = ManualClock()

    class SlowToBegin(FakePolicy):
        def reset(self) -> None:
            clock.advance(5.0)

    outcome, steps = run(SlowToBegin(act=rest), clock, horizon=4)
    assert outcome.num_overruns == 0
    assert outcome.achieved_hz == pytest.approx(10.0)
    assert [step.observation.time for step in steps] == pytest.approx([5.0, 5.1, 5.2, 5.3])


def test_a_policy_slower_than_the_period_lowers_the_rate_and_is_counted() -> None:
    clock = ManualClock()
    policy = CountingPolicy(num_rows=10, work=lambda _: clock.advance(2 * PERIOD))
    outcome, _ = run(policy, clock, horizon=10)
    assert outcome.num_overruns == 10
    assert outcome.achieved_hz == pytest.approx(5.0)


def test_on_the_real_clock_the_loop_is_never_faster_than_its_rate_and_about_as_fast() -> None:
    clock = MonotonicClock()
    spec = fake_spec(control_hz=50.0)
    robot = connected(FakeRobot(clock, spec, horizon=25))
    seen = FakeSubscriber()
    loop = ControlLoop(robot, FakePolicy(spec, horizon=50), clock=clock, subscribers=[seen])
    outcome = loop.run_episode(start(spec=spec))
    assert outcome.num_steps == 25
    assert outcome.achieved_hz <= 50.0 * (1 + 1e-9)
    stalls = 1.5  # a shared machine may stop us for 300 ms now and then
    assert outcome.achieved_hz >= 25 / (25 / 50.0 + stalls)
    times = [step.observation.time for step in seen.steps]
    assert times == sorted(times)
