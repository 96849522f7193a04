"""Policies and robots that are silent, late or make no sense: the arm holds, and the episode ends in time."""

import logging

import numpy as np
import pytest

from clam_robot.errors import PolicyUnavailable
from tests.clam_robot.control.scripted_faults import (
    HORIZON,
    SILENT,
    STALE,
    Bench,
    at,
    from_call,
)


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
