"""How episodes run: pacing, planning, limits, ends, and what subscribers see."""

import logging

import numpy as np
import pytest

from clam_robot import config
from clam_robot.control.loop import ControlLoop, LoopConfig
from clam_robot.control.safety import SafetyConfig, SafetyLimiter
from clam_robot.errors import ConfigError, SpecMismatch
from clam_robot.interfaces import TaskRobot
from clam_robot.specs import CameraSpec
from clam_robot.testing.fakes import FakePolicy, FakeRobot, FakeSubscriber, fake_spec
from clam_robot.timing import ManualClock
from tests.clam_robot.control.loops import (
    PERIOD,
    SPEC,
    BlindRobot,
    CountingPolicy,
    WeakRobot,
    connected,
    rest,
    run,
    start,
)


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
