"""One conversation, without sockets."""

import logging
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clam_robot.errors import ClamRobotError, InvalidVector, PolicyRefused
from clam_robot.testing.fakes import FakePolicy
from clam_robot.timing import ManualClock
from clam_robot.types import ActionChunk, Observation
from policy_server.config import ServerConfig
from policy_server.packing import MalformedMessage, pack, unpack
from policy_server.policy_info import PolicyInfo
from policy_server.probe import probe
from policy_server.protocol import decode_chunk, decode_timing
from policy_server.session import Session


class TroublePolicy(FakePolicy):
    """Takes 20 ms of the clock, and makes the trouble it was built with."""

    def __init__(self, clock: ManualClock, trouble: Exception | None = None, bad: float | None = None) -> None:
        super().__init__(horizon=2)
        self._clock = clock
        self._trouble = trouble
        self._bad = bad

    def infer(self, observation: Observation) -> ActionChunk:
        self._clock.advance(0.02)
        if self._trouble is not None:
            raise self._trouble
        chunk = super().infer(observation)
        if self._bad is not None:
            chunk.actions[1, 2] = self._bad
        return chunk


INFO = probe(FakePolicy(), ServerConfig(), name="fake", summary={})


def make_session(policy: FakePolicy, clock: ManualClock) -> Session:
    return Session(lambda: policy, INFO, clock)


def request(**changes: object) -> bytes:
    return pack({"observation/state": np.zeros(6, np.float32), "observation/time": 3.5} | changes)


def test_the_greeting_says_what_is_served() -> None:
    session = make_session(FakePolicy(), ManualClock())
    assert PolicyInfo.from_metadata(unpack(session.greet()), source="greeting").policy == "fake"


def test_an_answer_carries_the_time_of_its_observation_and_where_the_time_went() -> None:
    clock = ManualClock(start=100.0)
    session = make_session(TroublePolicy(clock), clock)
    first = unpack(session.answer(request(), received=99.97))
    clock.advance(0.01)
    session.mark_sent()
    second = unpack(session.answer(request(), received=clock.now()))
    spec = FakePolicy().spec
    assert decode_chunk(first, spec).observation_time == 3.5
    assert decode_timing(first).policy_ms == pytest.approx(20.0)
    assert decode_timing(first).server_ms == pytest.approx(50.0)
    assert decode_timing(first).previous_total_ms is None
    assert decode_timing(second).previous_total_ms == pytest.approx(60.0)
    assert session.num_answers == 2


def test_a_session_begins_fresh_and_again_when_asked() -> None:
    policy = FakePolicy()
    session = make_session(policy, ManualClock())
    assert policy.num_resets == 0
    session.answer(request(), received=0.0)
    session.answer(request(), received=0.0)
    assert policy.num_resets == 1
    session.answer(request(reset=True), received=0.0)
    session.answer(request(reset=False), received=0.0)
    assert policy.num_resets == 2


def test_a_crash_is_logged_here_and_told_without_its_details(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    session = make_session(TroublePolicy(clock, FileNotFoundError("/home/somebody/weights")), clock)
    with caplog.at_level(logging.ERROR), pytest.raises(PolicyRefused) as refusal:
        session.answer(request(), received=0.0)
    assert str(refusal.value) == "policy fake failed with FileNotFoundError; the server's log says where"
    assert "/home/somebody/weights" in caplog.text


def test_a_policy_may_refuse_in_its_own_words() -> None:
    clock = ManualClock()
    session = make_session(TroublePolicy(clock, PolicyRefused("the scene is too dark")), clock)
    with pytest.raises(PolicyRefused, match="the scene is too dark"):
        session.answer(request(), received=0.0)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_action_that_is_no_number_never_leaves(value: float) -> None:
    clock = ManualClock()
    session = make_session(TroublePolicy(clock, bad=value), clock)
    with pytest.raises(PolicyRefused, match=r"policy fake gave no usable action: actions\[1\] vz: expected a finite"):
        session.answer(request(), received=0.0)


@pytest.mark.parametrize(
    ("frame", "error", "complaint"),
    [
        (b"garbage", MalformedMessage, "expected one msgpack value, found 7 bytes"),
        (pack([1, 2]), MalformedMessage, "request: expected a dictionary, found a list"),
        (request(reset="yes"), MalformedMessage, "reset: expected true or false"),
        (request(**{"observation/state": np.full(6, np.nan, np.float32)}), InvalidVector, "hand_x: expected a finite"),
    ],
)
def test_a_request_that_does_not_fit_never_reaches_the_policy(
    frame: bytes, error: type[Exception], complaint: str
) -> None:
    policy = FakePolicy()
    with pytest.raises(error, match=complaint):
        make_session(policy, ManualClock()).answer(frame, received=0.0)
    assert policy.num_resets == 0


class ForgetfulPolicy(FakePolicy):
    def infer(self, observation: Observation) -> ActionChunk:
        return replace(super().infer(observation), observation_time=0.0)


def test_an_action_for_another_time_never_leaves() -> None:
    session = make_session(ForgetfulPolicy(), ManualClock())
    with pytest.raises(
        PolicyRefused, match=r"observation_time: expected that of the observation, 3\.5 s, found 0\.0 s"
    ):
        session.answer(request(), received=0.0)


@given(data=st.data())
def test_whatever_comes_is_answered_or_refused_in_words(data: st.DataObject) -> None:
    frame = bytearray(request(reset=True, prompt="reach"))
    for _ in range(data.draw(st.integers(0, 4))):
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    try:
        make_session(FakePolicy(), ManualClock()).answer(bytes(frame), received=0.0)
    except ClamRobotError as refusal:
        assert str(refusal)
