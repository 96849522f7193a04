"""Messages of the streaming protocol: what is encoded is decoded, and nothing else is."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clam_robot.errors import ConfigError, InvalidVector
from clam_robot.specs import CameraSpec
from clam_robot.testing.fakes import FakePolicy, fake_spec
from clam_robot.types import ActionChunk, Observation
from policy_server.config import ServerConfig
from policy_server.packing import MalformedMessage, pack, unpack
from policy_server.probe import probe
from policy_server.protocol import Timing
from policy_server.refusals import CODES, Code, Refused
from policy_server.served_model import ModelSource, OneByOne
from policy_server.stream_protocol import (
    MAX_SEQUENCE,
    StreamReply,
    StreamRequest,
    decode_reply,
    decode_stream_request,
    decode_welcome,
    encode_reply,
    encode_request,
    encode_welcome,
)

SPEC = fake_spec({"front": CameraSpec(height=8, width=16)})
INFO = probe(ModelSource(policy="p", group=OneByOne(FakePolicy)), ServerConfig(), model="m")

sequences = st.integers(0, MAX_SEQUENCE)
seconds = st.floats(-1e9, 1e9)
numbers = st.floats(-100, 100, width=32)


def vectors(*shape: int) -> st.SearchStrategy[np.ndarray]:
    count = int(np.prod(shape))
    return st.lists(numbers, min_size=count, max_size=count).map(lambda x: np.array(x, np.float32).reshape(shape))


images = st.binary(min_size=8 * 16 * 3, max_size=8 * 16 * 3).map(
    lambda data: np.frombuffer(data, np.uint8).reshape(8, 16, 3)
)


@given(sequence=sequences, time=seconds, state=vectors(6), image=images, image_time=st.none() | seconds, reset=...)
def test_an_observation_arrives_as_it_was(
    sequence: int, time: float, state: np.ndarray, image: np.ndarray, image_time: float | None, reset: bool
) -> None:
    times = {} if image_time is None else {"front": image_time}
    observation = Observation(time=time, state=state, images={"front": image}, image_times=times)
    request = StreamRequest(sequence=sequence, observation=observation, reset=reset)
    found = decode_stream_request(unpack(pack(encode_request(request, SPEC))), SPEC)
    assert (found.sequence, found.reset) == (sequence, reset)
    assert found.observation is not None
    assert (found.observation.time, found.observation.image_times) == (time, times)
    np.testing.assert_array_equal(found.observation.state, state)
    np.testing.assert_array_equal(found.observation.images["front"], image)


def test_an_image_may_travel_as_a_jpeg() -> None:
    image = np.full((8, 16, 3), 100, np.uint8)
    observation = Observation(time=0.0, state=np.zeros(6, np.float32), images={"front": image})
    request = StreamRequest(sequence=1, observation=observation, reset=False)
    message = encode_request(request, SPEC, jpeg_quality=90)
    assert isinstance(message["observation/images/front"], bytes)
    found = decode_stream_request(unpack(pack(message)), SPEC)
    assert found.observation is not None
    np.testing.assert_allclose(found.observation.images["front"], image, atol=3)


def test_a_reset_alone_names_no_observation() -> None:
    found = decode_stream_request(
        unpack(pack(encode_request(StreamRequest(sequence=7, observation=None, reset=True), SPEC))), SPEC
    )
    assert (found.observation, found.reset) == (None, True)


@given(
    sequence=sequences,
    actions=st.integers(1, 4).flatmap(lambda rows: vectors(rows, 3)),
    has_latents=...,
    skipped=st.integers(0, 2**31),
    dt=st.floats(1e-4, 10.0),
    time=seconds,
    previous=st.none() | st.floats(0.0, 1e6),
)
def test_a_chunk_arrives_as_it_was(
    sequence: int,
    actions: np.ndarray,
    has_latents: bool,
    skipped: int,
    dt: float,
    time: float,
    previous: float | None,
) -> None:
    latents = actions[:, :2] if has_latents else None
    chunk = ActionChunk(actions=actions, observation_time=time, dt=dt, latent_actions=latents)
    timing = Timing(policy_ms=1.5, server_ms=2.5, previous_total_ms=previous)
    reply = StreamReply(sequence=sequence, chunk=chunk, timing=timing, skipped=skipped)
    found = decode_reply(unpack(pack(encode_reply(reply))), SPEC)
    assert (found.sequence, found.skipped, found.timing, found.error) == (sequence, skipped, timing, None)
    assert found.chunk is not None
    assert (found.chunk.observation_time, found.chunk.dt) == (time, dt)
    np.testing.assert_array_equal(found.chunk.actions, actions)
    assert (found.chunk.latent_actions is not None) == has_latents


@given(sequence=st.none() | sequences, code=st.sampled_from(CODES), words=st.text(st.characters(codec="utf-8")))
def test_a_refusal_arrives_with_code_and_words(sequence: int | None, code: Code, words: str) -> None:
    reply = StreamReply(sequence=sequence, error=Refused(code, words))
    found = decode_reply(unpack(pack(encode_reply(reply))), SPEC)
    assert found.error is not None
    assert (found.sequence, found.error.code, str(found.error), found.chunk) == (sequence, code, words, None)


def test_a_welcome_says_what_is_served() -> None:
    assert decode_welcome(unpack(pack(encode_welcome(INFO))), source="welcome") == INFO


def observation_message(**changes: object) -> dict[str, object]:
    state, image = np.zeros(6, np.float32), np.zeros((8, 16, 3), np.uint8)
    message: dict[str, object] = {"type": "observation", "sequence": 1, "observation/state": state}
    return message | {"observation/image": image} | changes


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        ([], "request: expected a dictionary, found a list"),
        ({}, "type: expected 'observation' or 'reset', found no such key"),
        (observation_message(type="chunk"), "type: expected 'observation' or 'reset', found a str"),
        *(
            (observation_message(sequence=value), "sequence: expected the observation's number")
            for value in (None, -1, 1.0, True, "1", MAX_SEQUENCE + 1)
        ),
        (observation_message(reset=1), "reset: expected true or false, found 1"),
        (observation_message(**{"observation/state": np.zeros(5, np.float32)}), r"found \(5,\) float32"),
        (observation_message(**{"observation/image": b"jpeg"}), "observation/image: expected a JPEG"),
    ],
)
def test_a_request_that_is_none_is_named(message: object, complaint: str) -> None:
    with pytest.raises(MalformedMessage, match=complaint):
        decode_stream_request(message, SPEC)


def test_a_state_that_is_no_number_is_named() -> None:
    state = np.array([0, 0, np.nan, 0, 0, 0], np.float32)
    with pytest.raises(InvalidVector, match="hand_z: expected a finite number"):
        decode_stream_request(observation_message(**{"observation/state": state}), SPEC)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"type": "welcome"}, "type: expected 'chunk' or 'error'"),
        ({"type": "error", "code": "odd", "message": ""}, "code: expected 'invalid_request' or"),
        ({"type": "error", "code": "busy", "message": 3}, "message: expected text, found 3"),
        ({"skipped": float("nan")}, "skipped: expected a finite number"),
        ({"dt": 0.0}, "dt: expected a positive number"),
        ({"actions": np.zeros((2, 4), np.float32)}, r"actions: .*found \(2, 4\) float32"),
        ({"actions": np.full((1, 3), np.inf, np.float32)}, r"actions\[0\] vx: expected a finite number"),
    ],
)
def test_a_reply_that_is_none_is_named(changes: dict[str, Any], complaint: str) -> None:
    chunk = ActionChunk(actions=np.zeros((1, 3), np.float32), observation_time=0.0, dt=0.1)
    reply = StreamReply(sequence=1, chunk=chunk, timing=Timing(policy_ms=1.0, server_ms=1.0))
    with pytest.raises(MalformedMessage, match=complaint):
        decode_reply(encode_reply(reply) | changes, SPEC)


@pytest.mark.parametrize(
    ("message", "error", "complaint"),
    [
        (encode_welcome(INFO) | {"type": "chunk"}, MalformedMessage, "type: expected 'welcome'"),
        ({"type": "welcome"}, ConfigError, "found one that names no protocol version"),
        (encode_welcome(replace(INFO, protocol_version=2)), ConfigError, "expected protocol version 1, found 2"),
        (b"HTTP", MalformedMessage, "welcome: expected a dictionary, found a bytes"),
    ],
)
def test_a_welcome_that_is_none_is_named(message: object, error: type[Exception], complaint: str) -> None:
    with pytest.raises(error, match=complaint):
        decode_welcome(message, source="welcome")
