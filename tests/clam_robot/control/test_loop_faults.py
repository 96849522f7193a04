"""Whatever fails, and whenever: the arm holds first, then everyone hears the end, then the cause is raised."""

import logging
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clam_robot.control.loop import ControlLoop, LoopConfig
from clam_robot.errors import NotConnected, PolicyRefused, PolicyUnavailable, StaleObservation
from clam_robot.testing.fakes import FakePolicy, FakeRobot, FakeSubscriber, fake_spec
from clam_robot.timing import ManualClock
from clam_robot.types import ActionChunk, EpisodeOutcome, EpisodeStart, Observation, Step, TaskStatus

relaxed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

HORIZON = 8
Fault = Callable[[int], BaseException | None]


class Script:
    """Keeps the order of all calls; the n-th call of a name raises what `faults[name](n)` gives."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.faults: dict[str, Fault] = {}

    def call(self, name: str) -> None:
        number = self.calls.count(name)
        self.calls.append(name)
        error = self.faults.get(name, lambda _: None)(number)
        if error is not None:
            raise error


def at(*numbers: int, error: BaseException) -> Fault:
    """Raise `error` at these calls."""
    return lambda number: error if number in numbers else None


def from_call(first: int, error: BaseException) -> Fault:
    """Raise `error` at this call and all later ones."""
    return lambda number: error if number >= first else None


class ScriptedRobot(FakeRobot):
    def __init__(self, clock: ManualClock, script: Script) -> None:
        super().__init__(clock, horizon=HORIZON)
        self._script = script

    def reset(self, seed: int | None = None) -> None:
        self._script.call("reset")
        super().reset(seed)

    def get_observation(self) -> Observation:
        self._script.call("get_observation")
        return super().get_observation()

    def send_action(self, action: np.ndarray) -> np.ndarray:
        self._script.call("send_action")
        return super().send_action(action)

    def hold(self) -> None:
        self._script.call("hold")
        super().hold()

    def task_status(self) -> TaskStatus:
        self._script.call("task_status")
        return super().task_status()


class ScriptedPolicy(FakePolicy):
    """Answers the n-th question with `answer(n)` in every one of its rows."""

    def __init__(self, script: Script, answer: Callable[[int], list[float]], num_rows: int) -> None:
        super().__init__(act=lambda _: np.array(answer(self.num_answers), np.float32), horizon=num_rows)
        self._script = script
        self.num_answers = 0

    def reset(self) -> None:
        self._script.call("policy.reset")
        super().reset()

    def infer(self, observation: Observation) -> ActionChunk:
        self._script.call("infer")
        chunk = super().infer(observation)
        self.num_answers += 1
        return chunk


class ScriptedSubscriber(FakeSubscriber):
    def __init__(self, script: Script, name: str) -> None:
        super().__init__()
        self._script = script
        self._name = name

    def on_episode_start(self, start: EpisodeStart) -> None:
        self._script.call(f"{self._name}.start")
        super().on_episode_start(start)

    def on_step(self, step: Step) -> None:
        self._script.call(f"{self._name}.step")
        super().on_step(step)

    def on_episode_end(self, outcome: EpisodeOutcome) -> None:
        self._script.call(f"{self._name}.end")
        super().on_episode_end(outcome)


class Bench:
    """A robot, a policy and two subscribers that fail as told.

    Attributes:
        raised: what run_episode() raised, None when it returned.
    """

    def __init__(
        self,
        *,
        answer: Callable[[int], list[float]] = lambda _: [0.5, 0.0, 0.0],
        num_rows: int = 1,
        **faults: Fault,
    ) -> None:
        self.script = Script()
        self.script.faults = {name.replace("__", "."): fault for name, fault in faults.items()}
        self.clock = ManualClock()
        self.robot = ScriptedRobot(self.clock, self.script)
        self.robot.connect()
        self.policy = ScriptedPolicy(self.script, answer, num_rows)
        self.first = ScriptedSubscriber(self.script, "first")
        self.second = ScriptedSubscriber(self.script, "second")
        self.raised: BaseException | None = None

    def run(self, **loop: int) -> "Bench":
        config = LoopConfig(**{"max_held": 4, **loop})
        control = ControlLoop(
            self.robot, self.policy, clock=self.clock, subscribers=[self.first, self.second], config=config
        )
        start = EpisodeStart(spec=fake_spec(), task="reach the goal", source="test", seed=0)
        try:
            control.run_episode(start)
        except BaseException as error:  # noqa: BLE001 - the tests look at it
            self.raised = error
        return self

    @property
    def is_held(self) -> bool:
        """Whether holding was the last thing the robot was told, and before anyone heard the end."""
        commands = [
            call for call in self.script.calls if call in ("reset", "send_action", "hold", "first.end", "second.end")
        ]
        told = [call for call in commands if call.endswith(".end")]
        return commands[len(commands) - len(told) - 1] == "hold" and commands[len(commands) - len(told) :] == told

    def ends(self) -> list[str]:
        """How each subscriber heard that the episode ended."""
        return [outcome.end for subscriber in (self.first, self.second) for outcome in subscriber.outcomes]

    def sent_and_held(self) -> str:
        """What the robot was told, one letter a command: s for an action, h for hold."""
        return "".join(call[0] for call in self.script.calls if call in ("send_action", "hold"))


BOOM = RuntimeError("boom")
STALE = StaleObservation("joint_states: nothing for 0.5 s")
SILENT = PolicyUnavailable("no answer within 1 s")


def test_without_a_fault_the_episode_ends_with_the_arm_held() -> None:
    bench = Bench().run()
    assert bench.raised is None
    assert bench.sent_and_held() == "s" * HORIZON + "h"
    assert bench.is_held
    assert bench.ends() == ["horizon", "horizon"]


@pytest.mark.parametrize("error", [BOOM, PolicyRefused("shapes differ"), KeyboardInterrupt(), SystemExit(143)])
@pytest.mark.parametrize(
    ("call", "number"),
    [
        ("get_observation", 0),
        ("get_observation", 3),
        ("get_observation", HORIZON),
        ("infer", 0),
        ("infer", 3),
        ("send_action", 0),
        ("send_action", 3),
        ("task_status", 3),
        ("first.step", 0),
        ("first.step", 3),
        ("second.step", HORIZON - 1),
    ],
)
def test_a_failure_anywhere_holds_the_arm_tells_everyone_and_is_raised(
    call: str, number: int, error: BaseException
) -> None:
    bench = Bench(**{call: at(number, error=error)}).run()
    assert bench.raised is error
    assert bench.is_held
    assert bench.sent_and_held().count("h") == 1
    assert bench.ends() == ["fault" if isinstance(error, Exception) else "interrupted"] * 2


@pytest.mark.parametrize("error", [BOOM, KeyboardInterrupt()])
@pytest.mark.parametrize(
    ("call", "told"), [("reset", []), ("policy.reset", []), ("first.start", []), ("second.start", ["first"])]
)
def test_a_failure_while_beginning_holds_the_arm_and_ends_the_episode_for_those_who_heard_it_begin(
    call: str, told: list[str], error: BaseException
) -> None:
    bench = Bench(**{call: at(0, error=error)}).run()
    assert bench.raised is error
    assert bench.is_held
    assert bench.robot.sent == []
    assert [name for name in ("first", "second") if f"{name}.end" in bench.script.calls] == told
    assert bench.ends() == ["fault" if error is BOOM else "interrupted"] * len(told)


def test_a_robot_that_is_not_connected_is_reported_as_such() -> None:
    bench = Bench()
    bench.robot.disconnect()
    bench.run()
    assert isinstance(bench.raised, NotConnected)
    assert "call connect() before reset()" in str(bench.raised)


def test_a_policy_that_falls_silent_is_waited_for_while_the_arm_holds() -> None:
    bench = Bench(infer=at(2, 3, 4, error=SILENT)).run()
    assert bench.raised is None
    assert bench.sent_and_held() == "sshhhsss" + "h"
    assert [step.limits for step in bench.first.steps[:HORIZON]] == [()] * 2 + [("no_action",)] * 3 + [()] * 3
    outcome = bench.first.outcomes[0]
    assert (outcome.num_held, outcome.num_limited, outcome.num_steps) == (3, 0, HORIZON)
    assert len(outcome.infer_ms) == HORIZON - 3


def test_a_policy_that_stays_silent_ends_the_episode_with_its_own_words() -> None:
    bench = Bench(infer=from_call(2, SILENT)).run(max_held=4)
    assert bench.raised is SILENT
    assert bench.sent_and_held() == "ss" + "hhhh" + "h"
    assert bench.is_held
    assert bench.ends() == ["policy", "policy"]


def test_the_count_of_held_periods_begins_anew_with_every_action() -> None:
    bench = Bench(infer=at(1, 2, 3, 5, 6, 7, error=SILENT)).run(max_held=4)
    assert bench.raised is None
    assert bench.sent_and_held() == "shhhshhh" + "h"


def test_a_silent_policy_costs_nothing_while_its_last_chunk_lasts() -> None:
    bench = Bench(num_rows=3, infer=at(1, 2, error=SILENT)).run()
    assert bench.raised is None
    assert bench.sent_and_held() == "s" * HORIZON + "h"


def test_silence_is_logged_once_and_not_every_period(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="clam_robot"):
        Bench(infer=at(2, 3, 4, error=SILENT)).run()
        Bench(get_observation=at(2, 3, 4, error=STALE)).run()
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 2
    assert "no answer within 1 s" in caplog.messages[0]
    assert "joint_states: nothing for 0.5 s" in caplog.messages[1]


def test_an_action_that_is_not_finite_is_never_sent() -> None:
    bench = Bench(answer=lambda number: [0.5, np.nan if number in (2, 3) else 0.0, 0.0]).run()
    assert bench.raised is None
    assert bench.sent_and_held() == "sshhssss" + "h"
    assert np.isfinite(bench.robot.sent).all()
    step = bench.first.steps[2]
    assert (step.sent, step.limits) == (None, ("not_finite",))
    assert step.requested is not None
    assert np.isnan(step.requested[1])
    outcome = bench.first.outcomes[0]
    assert (outcome.num_held, outcome.num_limited) == (2, 2)


@pytest.mark.parametrize(("answer", "reason"), [([np.inf] * 3, "not_finite"), ([0.5] * 4, "wrong_shape")])
def test_a_policy_that_never_gives_a_usable_action_ends_the_episode_and_the_message_says_why(
    answer: list[float], reason: str
) -> None:
    bench = Bench(answer=lambda _: answer).run(max_held=3)
    assert isinstance(bench.raised, PolicyUnavailable)
    assert f"found none for 3 control periods ({reason})" in str(bench.raised)
    assert bench.sent_and_held() == "hhh" + "h"
    assert bench.ends() == ["policy", "policy"]


def test_a_stale_observation_holds_the_arm_until_a_fresh_one_comes() -> None:
    bench = Bench(get_observation=at(2, 3, error=STALE)).run()
    assert bench.raised is None
    assert bench.sent_and_held() == "sshhssss" + "h"
    assert bench.script.calls.count("infer") == HORIZON - 2
    assert bench.first.outcomes[0].num_held == 2
    times = [step.observation.time for step in bench.first.steps]
    assert times == pytest.approx([0.0, 0.1, 0.4, 0.5, 0.6, 0.7, 0.8])


def test_observations_that_stay_stale_end_the_episode() -> None:
    bench = Bench(get_observation=from_call(2, STALE)).run(max_held=4)
    assert bench.raised is STALE
    assert bench.sent_and_held() == "ss" + "hhhh" + "h"
    assert bench.is_held
    assert bench.ends() == ["fault", "fault"]


def test_the_closing_observation_is_waited_for_too() -> None:
    bench = Bench(get_observation=at(HORIZON, HORIZON + 1, error=STALE)).run()
    assert bench.raised is None
    assert bench.sent_and_held() == "s" * HORIZON + "hh" + "h"
    assert bench.ends() == ["horizon", "horizon"]
    assert [step.sent is None for step in bench.first.steps] == [False] * HORIZON + [True]
    assert bench.first.steps[-1].observation.time == pytest.approx(1.0)


def test_a_hold_that_fails_hides_neither_the_cause_nor_the_end() -> None:
    cause = RuntimeError("cause")
    bench = Bench(infer=at(3, error=cause), hold=from_call(0, OSError("bus is gone"))).run()
    assert bench.raised is cause
    assert cause.__notes__ == ["also, while holding the robot: OSError('bus is gone')"] * 2
    assert bench.ends() == ["fault", "fault"]


def test_a_hold_that_fails_after_a_good_episode_is_an_error() -> None:
    error = OSError("bus is gone")
    bench = Bench(hold=from_call(0, error)).run()
    assert bench.raised is error
    assert bench.ends() == ["fault", "fault"]
    assert len(bench.first.steps) == HORIZON + 1


def test_a_hold_that_fails_is_logged_when_something_else_is_raised(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, logger="clam_robot"):
        Bench(infer=at(3, error=RuntimeError("first")), hold=from_call(0, OSError("bus is gone"))).run()
    assert any("holding the robot" in message and "bus is gone" in message for message in caplog.messages)


def test_a_second_interruption_does_not_keep_the_arm_from_holding() -> None:
    bench = Bench(infer=at(3, error=KeyboardInterrupt()), hold=at(0, error=KeyboardInterrupt())).run()
    assert isinstance(bench.raised, KeyboardInterrupt)
    assert bench.sent_and_held() == "sss" + "hh"
    assert bench.is_held
    assert bench.robot.num_holds == 1
    assert bench.ends() == ["interrupted", "interrupted"]


def test_a_hold_that_fails_in_the_middle_ends_the_episode_and_is_tried_again() -> None:
    error = OSError("bus hiccup")
    bench = Bench(infer=at(3, error=SILENT), hold=at(0, error=error)).run()
    assert bench.raised is error
    assert bench.sent_and_held() == "sss" + "hh"
    assert bench.robot.num_holds == 1
    assert bench.ends() == ["fault", "fault"]


def test_an_interruption_goes_before_an_error() -> None:
    bench = Bench(infer=at(3, error=BOOM), first__end=at(0, error=KeyboardInterrupt())).run()
    assert isinstance(bench.raised, KeyboardInterrupt)
    assert len(bench.second.outcomes) == 1


def test_the_step_at_which_one_subscriber_fails_still_reaches_the_others() -> None:
    bench = Bench(first__step=at(3, error=BOOM)).run()
    assert bench.raised is BOOM
    assert len(bench.first.steps) == 3
    assert len(bench.second.steps) == 4
    assert bench.second.outcomes[0].num_steps == 4


def test_a_subscriber_that_fails_at_the_closing_step_makes_the_end_a_fault_for_all() -> None:
    bench = Bench(first__step=at(HORIZON, error=BOOM)).run()
    assert bench.raised is BOOM
    assert bench.ends() == ["fault", "fault"]
    assert len(bench.second.steps) == HORIZON + 1


def test_the_arm_holds_before_the_closing_step_is_told() -> None:
    calls = Bench().run().script.calls
    assert calls[-6:] == ["get_observation", "hold", "first.step", "second.step", "first.end", "second.end"]


@pytest.mark.parametrize("error", [BOOM, KeyboardInterrupt()])
def test_a_subscriber_that_fails_at_the_end_is_raised_after_the_others_heard_it(error: BaseException) -> None:
    bench = Bench(first__end=at(0, error=error)).run()
    assert bench.raised is error
    assert bench.is_held
    assert bench.ends() == ["horizon"]
    assert len(bench.second.outcomes) == 1


def test_a_subscriber_that_fails_at_the_end_does_not_hide_why_the_episode_ended() -> None:
    cause = PolicyUnavailable("no answer within 1 s")
    bench = Bench(infer=from_call(3, cause), first__end=at(0, error=OSError("disk full"))).run()
    assert bench.raised is cause
    assert bench.ends() == ["policy"]
    assert cause.__notes__ == ["also, while telling ScriptedSubscriber the end: OSError('disk full')"]


def test_after_a_fault_the_next_episode_runs_as_if_nothing_had_been() -> None:
    bench = Bench(infer=at(3, error=BOOM)).run()
    assert bench.raised is BOOM
    bench.raised = None
    bench.run()
    assert bench.raised is None
    assert bench.ends() == ["fault", "horizon"] * 2
    assert bench.first.outcomes[1].num_steps == HORIZON


CALLS = (
    "reset", "get_observation", "send_action", "hold", "task_status", "policy.reset", "infer",
    "first.start", "first.step", "first.end", "second.start", "second.step", "second.end",
)  # fmt: skip


@settings(relaxed, max_examples=60)
@given(
    schedule=st.lists(
        st.tuples(
            st.sampled_from(CALLS),
            st.integers(0, HORIZON + 1),
            st.integers(1, 6),
            st.sampled_from(
                [RuntimeError, OSError, StaleObservation, PolicyUnavailable, PolicyRefused, KeyboardInterrupt]
            ),
        ),
        max_size=4,
        unique_by=lambda fault: fault[0],
    ),
    num_rows=st.integers(1, 3),
    replan_every=st.integers(1, 3),
)
def test_whatever_fails_and_whenever_the_arm_holds_and_everyone_who_heard_the_beginning_hears_one_end(
    schedule: list[tuple[str, int, int, type[BaseException]]], num_rows: int, replan_every: int
) -> None:
    faults = {
        call: at(*range(number, number + length), error=kind(f"{call} failed"))
        for call, number, length, kind in schedule
    }
    bench = Bench(num_rows=num_rows, **faults).run(replan_every=replan_every)
    calls = bench.script.calls
    for name, subscriber in (("first", bench.first), ("second", bench.second)):
        assert calls.count(f"{name}.end") == len(subscriber.starts)
    assert bench.is_held
    assert bench.raised is None or any(f"{call} failed" in str(bench.raised) for call in faults)
    assert all(np.abs(sent).max() <= 1.0 for sent in bench.robot.sent)
    if bench.raised is None:
        assert bench.ends() == ["horizon", "horizon"]
    else:
        assert "horizon" not in bench.ends() or str(bench.raised) in ("first.end failed", "second.end failed")
