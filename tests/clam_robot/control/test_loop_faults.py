"""Whatever fails, and whenever: the arm holds first, then everyone hears the end, then the cause is raised."""

import logging

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clam_robot.errors import NotConnected, PolicyRefused, PolicyUnavailable, StaleObservation
from tests.clam_robot.control.scripted_faults import (
    BOOM,
    CALLS,
    HORIZON,
    SILENT,
    Bench,
    at,
    from_call,
    relaxed,
)


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
