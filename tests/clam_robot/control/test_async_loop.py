"""The loop with a policy it never waits for, on a clock that only moves when told."""

import logging
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from clam_robot.control.loop import ControlLoop, LoopConfig
from clam_robot.control.temporal_ensembling import TemporalEnsembling
from clam_robot.errors import ConfigError, PolicyRefused, PolicyUnavailable
from clam_robot.interfaces import AsyncPolicy
from clam_robot.testing.delayed_policy import DelayedPolicy
from clam_robot.testing.fakes import FakePolicy, FakeRobot, FakeSubscriber, fake_spec
from clam_robot.timing import ManualClock
from clam_robot.types import ActionChunk, EpisodeOutcome, EpisodeStart, Observation, Step

PERIOD = 0.1
SPEC = fake_spec()


class Numbered(FakePolicy):
    """Row k of the answer to observation n is (n / 100, k / 100, 0), where observation n is that of period n."""

    def __init__(self, num_rows: int, clock: ManualClock) -> None:
        super().__init__(horizon=num_rows)
        self._num_rows = num_rows
        self._begin = clock.now()
        self.asked: list[int] = []

    def infer(self, observation: Observation) -> ActionChunk:
        number = round((observation.time - self._begin) / PERIOD)
        self.asked.append(number)
        actions = np.zeros((self._num_rows, 3), np.float32)
        actions[:, 0] = number / 100
        actions[:, 1] = np.arange(self._num_rows) / 100
        return ActionChunk(actions=actions, observation_time=observation.time, dt=PERIOD)


class Failing(DelayedPolicy):
    """Polls of these numbers raise instead of answering."""

    def __init__(self, clock: ManualClock, num_rows: int, faults: dict[int, Exception]) -> None:
        super().__init__(Numbered(num_rows, clock), clock, lambda: 0.05)
        self._faults = faults
        self._num_polls = 0

    def poll(self) -> ActionChunk | None:
        error = self._faults.get(self._num_polls)
        self._num_polls += 1
        if error is not None:
            raise error
        return super().poll()


def origins(steps: list[Step]) -> list[tuple[int, int] | None]:
    """Which period's observation, and which row of its chunk, each step asked for."""
    return [
        None if step.requested is None else (round(step.requested[0] * 100), round(step.requested[1] * 100))
        for step in steps
    ]


def run(
    policy: AsyncPolicy, clock: ManualClock, *, horizon: int = 12, config: LoopConfig | None = None
) -> tuple[EpisodeOutcome, list[Step]]:
    """One episode: its outcome, and its steps without the closing one."""
    robot = FakeRobot(clock, horizon=horizon)
    robot.connect()
    seen = FakeSubscriber()
    loop = ControlLoop(robot, policy, clock=clock, subscribers=[seen], config=config)
    outcome = loop.run_episode(EpisodeStart(spec=SPEC, task="reach the goal", source="test", seed=0))
    return outcome, seen.steps[:-1]


def run_delayed(
    num_rows: int, delay: float | Callable[[], float], *, horizon: int = 12, config: LoopConfig | None = None
) -> tuple[EpisodeOutcome, list[Step], list[int]]:
    """Also the periods whose observations were inferred from."""
    clock = ManualClock()
    inner = Numbered(num_rows, clock)
    policy = DelayedPolicy(inner, clock, delay if callable(delay) else lambda: delay)
    outcome, steps = run(policy, clock, horizon=horizon, config=config)
    return outcome, steps, inner.asked


def test_the_arm_holds_until_the_first_answer_and_then_takes_the_row_that_is_due() -> None:
    outcome, steps, _ = run_delayed(10, 0.25, horizon=5)
    assert origins(steps) == [None, None, None, (0, 3), (0, 4)]
    assert outcome.num_held == 3
    assert outcome.num_overruns == 0
    assert outcome.end == "horizon"


def test_the_next_chunk_is_there_before_the_present_one_runs_out() -> None:
    outcome, steps, _ = run_delayed(10, 0.25, horizon=60)
    assert outcome.num_held == 3
    assert all(origin is not None for origin in origins(steps)[3:])
    assert outcome.num_refused == 0


def test_a_slow_policy_is_asked_early_and_a_fast_one_when_half_of_its_chunk_is_used_up() -> None:
    _, _, fast = run_delayed(20, 0.05, horizon=60)
    assert fast == [0, 10, 20, 30, 40, 50]
    outcome, steps, slow = run_delayed(20, 0.85, horizon=60)
    assert (
        max(np.diff(slow[2:])) == 9
    )  # the answer is there nine periods later, with eleven rows left, and so asked anew
    assert outcome.num_held == 9
    assert all(origin is not None for origin in origins(steps)[9:])


def test_while_an_answer_is_awaited_nothing_more_is_asked() -> None:
    outcome, _, asked = run_delayed(40, 0.45, horizon=60)
    assert outcome.num_skipped == 3  # of the periods in which the arm held, waiting for the first answer
    assert all(gap >= 10 for gap in np.diff(asked[2:]))


def test_the_period_of_asking_may_be_fixed() -> None:
    _, steps, asked = run_delayed(10, 0.05, horizon=12, config=LoopConfig(replan_every=4))
    assert asked == [0, 4, 8]
    assert origins(steps)[4:7] == [(0, 4), (4, 1), (4, 2)]


def test_an_answer_whose_rows_have_passed_is_refused_and_counted_and_the_arm_holds() -> None:
    delays = iter([0.77] + [0.05] * 100)
    outcome, steps, asked = run_delayed(4, lambda: next(delays), horizon=12)
    assert asked[:2] == [0, 7]
    assert origins(steps)[:10] == [None] * 9 + [(8, 1)]
    assert outcome.num_refused == 1
    assert outcome.num_skipped == 7  # 7 was answered too, and 8 before anyone looked


def test_a_policy_whose_answers_are_always_too_late_ends_the_episode_and_the_message_says_so() -> None:
    with pytest.raises(
        PolicyUnavailable, match=r"answers came too late, after 0\.\d+ s, with chunks of 0\.2 s"
    ) as caught:
        run_delayed(2, 0.25, horizon=50, config=LoopConfig(max_held=20))
    assert "found none for 20 control periods (no_action)" in str(caught.value)


def test_chunks_no_longer_than_a_period_are_refused_with_the_remedy() -> None:
    with pytest.raises(
        ConfigError, match=r"longer than a control period of 0\.1 s, found one of 0\.1 s.*--policy.chunk"
    ):
        run_delayed(1, 0.01)
    outcome, _, _ = run_delayed(2, 0.01)
    assert outcome.num_held == 1


def test_a_policy_that_never_answers_is_no_failure_before_max_held() -> None:
    outcome, steps, _ = run_delayed(4, 100.0, horizon=12, config=LoopConfig(max_held=13))
    assert (outcome.end, outcome.num_held) == ("horizon", 12)
    with pytest.raises(PolicyUnavailable, match=r"found none for 13 control periods .*check the policy and its server"):
        run_delayed(4, 100.0, horizon=20, config=LoopConfig(max_held=13))
    assert all(step.limits == ("no_action",) for step in steps)


def test_the_loop_keeps_its_rate_while_it_waits() -> None:
    clock = ManualClock()
    delays: Iterator[float] = iter([0.09, 0.09, 1.32] + [0.09] * 100)
    policy = DelayedPolicy(Numbered(4, clock), clock, lambda: next(delays))
    outcome, steps = run(policy, clock, horizon=40)
    assert [step.observation.time for step in steps] == pytest.approx([k * PERIOD for k in range(40)])
    held = [number for number, origin in enumerate(origins(steps)) if origin is None]
    assert held[0] == 0
    assert held[1:] == list(range(held[1], held[1] + len(held) - 1))  # one gap, and it goes on behind it
    assert 10 <= len(held) - 1 <= 14
    assert outcome.num_overruns == 0
    assert outcome.num_refused == 1


def test_the_age_of_answers_stands_where_inference_times_do() -> None:
    outcome, _, _ = run_delayed(10, 0.23, horizon=20)
    # The second one waited in period 2 for the end of the first, at .23 s.
    assert outcome.infer_ms[:3] == pytest.approx([300.0, 300.0, 300.0])


def test_a_failure_costs_nothing_while_the_chunk_lasts_and_the_question_is_asked_anew(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = ManualClock()
    silent = PolicyUnavailable("no answer within 1 s")
    policy = Failing(clock, 10, {6: silent, 7: silent, 8: silent})
    with caplog.at_level(logging.WARNING, logger="clam_robot"):
        outcome, steps = run(policy, clock, horizon=30)
    assert [number for number, origin in enumerate(origins(steps)) if origin is None] == [0]
    assert outcome.num_held == 1
    assert caplog.messages == ["no new actions: no answer within 1 s"]


def test_a_policy_that_stays_unavailable_ends_the_episode_with_its_own_words() -> None:
    clock = ManualClock()
    silent = PolicyUnavailable("no answer within 1 s")
    policy = Failing(clock, 3, dict.fromkeys(range(5, 100), silent))
    with pytest.raises(PolicyUnavailable) as caught:
        run(policy, clock, horizon=50, config=LoopConfig(max_held=7))
    assert caught.value is silent


def test_a_policy_that_refuses_ends_the_episode() -> None:
    clock = ManualClock()
    refusal = PolicyRefused("shapes differ")
    with pytest.raises(PolicyRefused) as caught:
        run(Failing(clock, 3, {4: refusal}), clock)
    assert caught.value is refusal


def test_with_a_merging_rule_several_chunks_make_the_action() -> None:
    config = LoopConfig(replan_every=1, merge=TemporalEnsembling(decay=0.0))
    _, steps, _ = run_delayed(4, 0.0, horizon=8, config=config)
    # In period n the chunks of n - 1, n - 2 and n - 3 have a row due, the second, third and fourth.
    assert origins(steps)[6:] == [((3 + 4 + 5) // 3, 2), ((4 + 5 + 6) // 3, 2)]


def test_an_answer_on_the_way_when_an_episode_ends_is_not_used_in_the_next() -> None:
    clock = ManualClock()
    robot = FakeRobot(clock, horizon=6)
    robot.connect()
    policy = DelayedPolicy(FakePolicy(act=lambda _: np.full(3, 0.5), horizon=100), clock, lambda: 0.23)
    seen = FakeSubscriber()
    loop = ControlLoop(robot, policy, clock=clock, subscribers=[seen])
    start = EpisodeStart(spec=SPEC, task="reach the goal", source="test", seed=0)
    outcomes = [loop.run_episode(start) for _ in range(2)]
    held = [[step.sent is None for step in seen.steps[k : k + 6]] for k in (0, 7)]
    assert held[0] == held[1] == [True] * 3 + [False] * 3
    assert outcomes[0].num_skipped == outcomes[1].num_skipped


def test_an_episode_with_delays_repeats_exactly_on_a_manual_clock() -> None:
    def once() -> list[list[float] | None]:
        rng = np.random.default_rng(3)
        _, steps, _ = run_delayed(6, lambda: float(rng.uniform(0.0, 0.8)), horizon=50)
        return [None if step.sent is None else step.sent.tolist() for step in steps]

    assert once() == once()
