"""How episodes run: pacing, planning, limits, ends, and what subscribers see."""

import logging
from collections.abc import Callable

import numpy as np
import pytest

from clam_robot import config
from clam_robot.control.loop import ControlLoop, LoopConfig
from clam_robot.control.safety import SafetyConfig, SafetyLimiter
from clam_robot.errors import ConfigError, PolicyUnavailable, SpecMismatch
from clam_robot.interfaces import TaskRobot
from clam_robot.specs import CameraSpec, RobotSpec
from clam_robot.testing.fakes import FakePolicy, FakeRobot, FakeSubscriber, fake_spec
from clam_robot.timing import ManualClock, MonotonicClock
from clam_robot.types import ActionChunk, EpisodeOutcome, EpisodeStart, Observation, Step

PERIOD = 0.1
SPEC = fake_spec()


class CountingPolicy:
    """Answers the n-th observation with rows that tell where they come from: row k is (n / 100, k / 100, 0)."""

    def __init__(self, *, num_rows: int = 1, work: Callable[[int], None] | None = None) -> None:
        self.spec = SPEC
        self.num_resets = 0
        self.asked: list[Observation] = []
        self.answer_time: Callable[[Observation], float] = lambda observation: observation.time
        self._num_rows = num_rows
        self._work = work or (lambda _: None)

    def reset(self) -> None:
        self.num_resets += 1

    def infer(self, observation: Observation) -> ActionChunk:
        number = len(self.asked)
        self.asked.append(observation)
        self._work(number)
        actions = np.zeros((self._num_rows, 3), np.float32)
        actions[:, 0] = number / 100
        actions[:, 1] = np.arange(self._num_rows) / 100
        return ActionChunk(actions=actions, observation_time=self.answer_time(observation), dt=PERIOD)


class BlindRobot:
    """A robot that does not judge its task, as a real arm."""

    def __init__(self, robot: FakeRobot) -> None:
        self.spec = robot.spec
        self.reset = robot.reset
        self.get_observation = robot.get_observation
        self.send_action = robot.send_action
        self.hold = robot.hold
        self.connect = robot.connect
        self.disconnect = robot.disconnect


class WeakRobot(FakeRobot):
    """Reaches only half of what it is sent."""

    def send_action(self, action: np.ndarray) -> np.ndarray:
        return super().send_action(action / 2)


def connected(robot: FakeRobot) -> FakeRobot:
    robot.connect()
    return robot


def start(seed: int = 0, spec: RobotSpec = SPEC) -> EpisodeStart:
    return EpisodeStart(spec=spec, task="reach the goal", source="test", seed=seed)


def rest(_: np.ndarray) -> np.ndarray:
    return np.zeros(3)


def origins(steps: list[Step]) -> list[tuple[int, int] | None]:
    """Which answer of a `CountingPolicy`, and which of its rows, each step asked for."""
    return [
        None if step.requested is None else (round(step.requested[0] * 100), round(step.requested[1] * 100))
        for step in steps
    ]


def run(
    policy: CountingPolicy | FakePolicy, clock: ManualClock, *, horizon: int = 8, **loop: int
) -> tuple[EpisodeOutcome, list[Step]]:
    """One episode on a robot of this horizon: its outcome, and its steps without the closing one."""
    seen = FakeSubscriber()
    robot = connected(FakeRobot(clock, horizon=horizon))
    outcome = ControlLoop(robot, policy, clock=clock, subscribers=[seen], config=LoopConfig(**loop)).run_episode(
        start()
    )
    return outcome, seen.steps[:-1]


def test_an_episode_runs_to_the_horizon_of_the_robot() -> None:
    outcome, steps = run(FakePolicy(act=rest), ManualClock(), horizon=8)
    assert (outcome.end, outcome.success, outcome.num_steps, len(steps)) == ("horizon", False, 8, 8)
    assert outcome.num_overruns == outcome.num_limited == outcome.num_held == 0
    assert outcome.achieved_hz == pytest.approx(10.0)


def test_an_episode_ends_after_max_steps() -> None:
    outcome, steps = run(FakePolicy(act=rest), ManualClock(), horizon=50, max_steps=3)
    assert (outcome.end, outcome.num_steps, len(steps)) == ("horizon", 3, 3)


@pytest.mark.parametrize("patience", [0, 1, 4])
def test_an_episode_goes_on_for_its_patience_after_the_first_success(patience: int) -> None:
    outcome, steps = run(FakePolicy(), ManualClock(), horizon=50, stop_after_success=patience)
    solved = [step.status is not None and step.status.success for step in steps]
    assert (outcome.end, outcome.success) == ("success", True)
    assert solved.index(True) == len(steps) - 1 - patience
    assert outcome.num_steps == len(steps)


def test_a_solved_task_that_is_undone_again_counts_as_solved() -> None:
    reached: list[bool] = []

    def reach_and_flee(state: np.ndarray) -> np.ndarray:
        reached.append(bool(np.linalg.norm(state[3:] - state[:3]) < 0.05))
        return np.full(3, 1.0) if any(reached) else np.clip(5 * (state[3:] - state[:3]), -1, 1)

    outcome, steps = run(FakePolicy(act=reach_and_flee), ManualClock(), horizon=20)
    solved = [step.status is not None and step.status.success for step in steps]
    assert any(solved)
    assert not solved[-1]
    assert outcome.success is True


def test_without_patience_a_solved_task_runs_to_the_horizon() -> None:
    outcome, steps = run(FakePolicy(), ManualClock(), horizon=30)
    assert (outcome.end, outcome.success, len(steps)) == ("horizon", True, 30)


def test_outcome_and_steps_carry_what_the_robot_says_of_its_task() -> None:
    clock = ManualClock()
    robot = connected(FakeRobot(clock, horizon=5))
    seen = FakeSubscriber()
    outcome = ControlLoop(robot, FakePolicy(), clock=clock, subscribers=[seen]).run_episode(start())
    statuses = [step.status for step in seen.steps]
    assert statuses[-1] is None
    assert [status.num_steps for status in statuses if status] == [1, 2, 3, 4, 5]
    assert statuses[-2] is not None
    assert outcome.episode_return == statuses[-2].episode_return


def test_a_person_ends_an_episode_with_a_word_and_nobody_knows_whether_it_was_solved() -> None:
    clock, policy = ManualClock(), CountingPolicy()
    robot = connected(FakeRobot(clock))
    subscriber = FakeSubscriber()
    ask = iter([None, None, "discard"])
    loop = ControlLoop(robot, policy, clock=clock, subscribers=[subscriber], ask_end=lambda: next(ask))
    outcome = loop.run_episode(start())
    assert (outcome.end, outcome.num_steps, outcome.success) == ("discard", 3, None)
    assert subscriber.outcomes == [outcome]
    assert robot.num_holds == 1


def test_who_waits_at_the_start_may_call_the_episode_off_before_anybody_is_told() -> None:
    clock = ManualClock()
    robot = connected(FakeRobot(clock))
    subscriber, waited = FakeSubscriber(), list[float]()

    def await_start() -> None:
        waited.append(robot.get_observation().time)  # it stands at its start
        if len(waited) == 2:
            raise ConfigError("called off")

    loop = ControlLoop(
        robot,
        FakePolicy(),
        clock=clock,
        subscribers=[subscriber],
        config=LoopConfig(max_steps=3),
        await_start=await_start,
    )
    loop.run_episode(start())
    with pytest.raises(ConfigError, match="called off"):
        loop.run_episode(start())
    assert len(waited) == 2
    assert len(subscriber.outcomes) == 1
    assert len(robot.sent) == 3


def test_a_robot_that_does_not_judge_leaves_success_and_return_open() -> None:
    clock = ManualClock()
    robot = BlindRobot(connected(FakeRobot(clock, horizon=2)))
    assert not isinstance(robot, TaskRobot)
    outcome = ControlLoop(robot, FakePolicy(), clock=clock, config=LoopConfig(max_steps=6)).run_episode(start())
    assert (outcome.end, outcome.num_steps) == ("horizon", 6)
    assert outcome.success is None
    assert outcome.episode_return is None


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


def test_a_policy_for_another_robot_is_refused_at_construction_with_the_entry() -> None:
    clock = ManualClock()
    policy = FakePolicy(fake_spec({"wrist": CameraSpec(height=4, width=4)}, control_hz=20.0))
    with pytest.raises(SpecMismatch, match="policy for fake:reach on robot fake:reach: camera wrist") as caught:
        ControlLoop(FakeRobot(clock), policy, clock=clock)
    assert caught.value.differences[1] == "control_hz: needs 20.0, finds 10.0"


def test_the_closing_step_comes_once_and_carries_the_last_observation_and_no_action() -> None:
    clock = ManualClock()
    seen = FakeSubscriber()
    robot = connected(FakeRobot(clock, horizon=4))
    ControlLoop(robot, FakePolicy(), clock=clock, subscribers=[seen]).run_episode(start())
    closing = seen.steps[-1]
    assert [step.sent is None for step in seen.steps] == [False] * 4 + [True]
    assert (closing.requested, closing.sent, closing.limits, closing.status) == (None, None, (), None)
    assert closing.observation.time == pytest.approx(4 * PERIOD)
    moved = seen.steps[-2].observation.state[:3] + np.float32(PERIOD) * robot.sent[-1]
    np.testing.assert_allclose(closing.observation.state[:3], moved, atol=1e-6)
    assert robot.num_holds == 1


def test_subscribers_see_what_was_asked_for_and_what_was_really_sent() -> None:
    clock = ManualClock()
    seen = FakeSubscriber()
    robot = connected(WeakRobot(clock, horizon=1))
    policy = FakePolicy(act=lambda _: np.array([3.0, 0.5, -3.0]))
    outcome = ControlLoop(robot, policy, clock=clock, subscribers=[seen]).run_episode(start())
    step = seen.steps[0]
    np.testing.assert_array_equal(step.requested, [3.0, 0.5, -3.0])
    np.testing.assert_array_equal(step.sent, [0.5, 0.25, -0.5])
    assert step.limits == ("bounds",)
    assert outcome.num_limited == 1


def test_the_limiter_that_is_handed_in_stands_between_policy_and_robot_and_begins_anew_with_each_episode() -> None:
    clock = ManualClock()
    robot = connected(FakeRobot(clock, horizon=3))
    wishes = iter([-1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    policy = FakePolicy(act=lambda _: np.full(3, next(wishes)))
    limiter = SafetyLimiter(SPEC, SafetyConfig(max_change=(0.5, 0.5, 0.5)))
    loop = ControlLoop(robot, policy, clock=clock, limiter=limiter)
    outcomes = [loop.run_episode(start()) for _ in range(2)]
    assert [float(sent[0]) for sent in robot.sent] == [-1.0, -0.5, 0.0, 1.0, 1.0, 1.0]
    assert [outcome.num_limited for outcome in outcomes] == [2, 0]


def test_every_episode_begins_with_fresh_counts_and_a_reset_policy() -> None:
    clock = ManualClock()
    robot = connected(FakeRobot(clock, horizon=3))
    policy = CountingPolicy(work=lambda number: clock.advance(0.15 if number < 3 else 0.0))
    seen = FakeSubscriber()
    loop = ControlLoop(robot, policy, clock=clock, subscribers=[seen])
    outcomes = [loop.run_episode(start(seed)) for seed in (1, 2)]
    assert [outcome.num_overruns for outcome in outcomes] == [3, 0]
    assert [outcome.num_held for outcome in outcomes] == [3, 0]
    assert [outcome.num_steps for outcome in outcomes] == [3, 3]
    assert policy.num_resets == 2
    assert [begin.seed for begin in seen.starts] == [1, 2]
    assert seen.outcomes == outcomes


def run_and_keep(seed: int) -> FakeSubscriber:
    clock = ManualClock()
    seen = FakeSubscriber()
    robot = connected(FakeRobot(clock, horizon=20))
    loop = ControlLoop(robot, FakePolicy(), clock=clock, subscribers=[seen], stopwatch=ManualClock())
    loop.run_episode(start(seed))
    return seen


def test_the_seed_sets_the_scene() -> None:
    first, again, other = (run_and_keep(seed).steps[0].observation.state.tolist() for seed in (5, 5, 6))
    assert first == again
    assert first != other


def test_on_a_manual_clock_an_episode_repeats_exactly() -> None:
    once, again = run_and_keep(seed=7), run_and_keep(seed=7)
    assert once.outcomes == again.outcomes
    assert [step.status for step in once.steps] == [step.status for step in again.steps]
    assert [step.observation.time for step in once.steps] == [step.observation.time for step in again.steps]
    for first, second in zip(once.steps, again.steps, strict=True):
        np.testing.assert_array_equal(first.observation.state, second.observation.state)
        np.testing.assert_array_equal(first.requested, second.requested)
        np.testing.assert_array_equal(first.sent, second.sent)


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


def test_each_episode_leaves_one_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="clam_robot"):
        run(FakePolicy(act=rest), ManualClock(), horizon=4)
    assert len(caplog.messages) == 1
    assert "fake:reach test seed 0: horizon after 4 steps at 10.0 Hz, success False, 0 overruns" in caplog.messages[0]


@pytest.mark.parametrize(
    "wrong", [{"replan_every": 0}, {"max_steps": 0}, {"stop_after_success": -1}, {"max_held": 0}, {"max_held": -5}]
)
def test_a_loop_that_could_never_act_is_refused_by_name(wrong: dict[str, int]) -> None:
    (name, value), *_ = wrong.items()
    with pytest.raises(ConfigError, match=rf"{name} must be at least \d, found {value}"):
        LoopConfig(**wrong)
    with pytest.raises(ConfigError, match=f"{name} must be at least"):
        config.from_dict(LoopConfig, wrong, source="loop.toml")


def test_a_loop_config_survives_a_file() -> None:
    wanted = LoopConfig(replan_every=4, max_steps=100, stop_after_success=0, max_held=5)
    assert config.from_dict(LoopConfig, config.to_dict(wanted), source="round trip") == wanted
