"""One conversation, without sockets."""

import asyncio
import logging
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clam_robot.errors import ClamRobotError, InvalidVector, PolicyRefused
from clam_robot.testing.fakes import FakePolicy
from clam_robot.timing import ManualClock
from clam_robot.types import ActionChunk, Observation
from policy_server.batcher import Batcher
from policy_server.config import ServerConfig
from policy_server.decoding import Decoders
from policy_server.models import Models
from policy_server.packing import MalformedMessage, pack
from policy_server.protocol import decode_chunk, decode_timing, encode_chunk
from policy_server.served_model import ModelSource, OneByOne
from policy_server.session import Session

LONG = 60.0
# Instances that are made before anyone asks: for the spec, and for one and for two robots.
NUM_PROBED = 4


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


class Conversation:
    """A session with one policy, asked from outside its event loop."""

    def __init__(self, policy: FakePolicy, clock: ManualClock) -> None:
        made: list[FakePolicy] = []

        def make() -> FakePolicy:  # the first few are probed, and work
            made.append(FakePolicy() if len(made) < NUM_PROBED else policy)
            return made[-1]

        models = Models({"default": ModelSource(policy="fake", group=OneByOne(make))}, ServerConfig())
        self._batcher = Batcher(clock)
        self._decoders = Decoders()
        self._runner = asyncio.Runner()
        self.session = Session(
            models, None, batcher=self._batcher, decoders=self._decoders, clock=clock, infer_timeout=LONG
        )

    def answer(self, frame: bytes, received: float = 0.0) -> dict[str, Any]:
        return self._runner.run(self._answer(frame, received))

    async def _answer(self, frame: bytes, received: float) -> dict[str, Any]:
        request = await self.session.read(frame)
        if request.reset:
            self.session.begin_episode()
        return encode_chunk(*await self.session.answer(request.observation, received))

    def __enter__(self) -> "Conversation":
        self._batcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._batcher.stop(LONG)
        self._decoders.stop()
        self._runner.close()


def request(**changes: object) -> bytes:
    return pack({"observation/state": np.zeros(6, np.float32), "observation/time": 3.5} | changes)


def test_an_answer_carries_the_time_of_its_observation_and_where_the_time_went() -> None:
    clock = ManualClock(start=100.0)
    with Conversation(TroublePolicy(clock), clock) as talk:
        first = talk.answer(request(), received=99.97)
        clock.advance(0.01)
        assert talk.session.mark_sent() == pytest.approx(0.06)
        second = talk.answer(request(), received=clock.now())
        assert talk.session.num_answers == 2
    spec = FakePolicy().spec
    assert decode_chunk(first, spec).observation_time == 3.5
    assert decode_timing(first).policy_ms == pytest.approx(20.0)
    assert decode_timing(first).server_ms == pytest.approx(50.0)
    assert decode_timing(first).previous_total_ms is None
    assert decode_timing(second).previous_total_ms == pytest.approx(60.0)


def test_a_session_begins_fresh_and_again_when_asked() -> None:
    policy = FakePolicy()
    with Conversation(policy, ManualClock()) as talk:
        assert policy.num_resets == 0
        talk.answer(request())
        talk.answer(request())
        assert policy.num_resets == 1
        talk.answer(request(reset=True))
        talk.answer(request(reset=False))
        assert policy.num_resets == 2


def test_a_crash_is_logged_here_and_told_without_its_details(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    policy = TroublePolicy(clock, FileNotFoundError("/home/somebody/weights"))
    with Conversation(policy, clock) as talk, caplog.at_level(logging.ERROR), pytest.raises(PolicyRefused) as refusal:
        talk.answer(request())
    assert str(refusal.value) == "policy fake failed with FileNotFoundError; the server's log says where"
    assert "/home/somebody/weights" in caplog.text


def test_a_policy_may_refuse_in_its_own_words() -> None:
    clock = ManualClock()
    policy = TroublePolicy(clock, PolicyRefused("the scene is too dark"))
    with Conversation(policy, clock) as talk, pytest.raises(PolicyRefused, match="the scene is too dark"):
        talk.answer(request())


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_action_that_is_no_number_never_leaves(value: float) -> None:
    clock = ManualClock()
    complaint = r"policy fake gave no usable action: actions\[1\] vz: expected a finite"
    with Conversation(TroublePolicy(clock, bad=value), clock) as talk, pytest.raises(PolicyRefused, match=complaint):
        talk.answer(request())


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
    with Conversation(policy, ManualClock()) as talk, pytest.raises(error, match=complaint):
        talk.answer(frame)
    assert policy.num_resets == 0


class ForgetfulPolicy(FakePolicy):
    def infer(self, observation: Observation) -> ActionChunk:
        return replace(super().infer(observation), observation_time=0.0)


def test_an_action_for_another_time_never_leaves() -> None:
    complaint = r"observation_time: expected that of the observation, 3\.5 s, found 0\.0 s"
    with Conversation(ForgetfulPolicy(), ManualClock()) as talk, pytest.raises(PolicyRefused, match=complaint):
        talk.answer(request())


@given(data=st.data())
def test_whatever_comes_is_answered_or_refused_in_words(data: st.DataObject) -> None:
    frame = bytearray(request(reset=True, prompt="reach"))
    for _ in range(data.draw(st.integers(0, 4))):
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    with Conversation(FakePolicy(), ManualClock()) as talk:
        try:
            talk.answer(bytes(frame))
        except ClamRobotError as refusal:
            assert str(refusal)
