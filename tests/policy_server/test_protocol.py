"""Messages: round trips, and refusals that name the field, what was expected and what was found."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from clam_robot.errors import InvalidImage, InvalidVector
from clam_robot.specs import CameraSpec, RobotSpec
from clam_robot.testing.fakes import fake_spec
from clam_robot.types import ActionChunk, Observation
from policy_server.packing import MalformedMessage, pack, unpack
from policy_server.protocol import (
    Timing,
    decode_chunk,
    decode_observation,
    decode_request,
    decode_timing,
    encode_chunk,
    encode_observation,
    observation_keys,
)

SPEC = fake_spec({"front": CameraSpec(height=3, width=4), "wrist": CameraSpec(height=2, width=2)})
BLIND = fake_spec()
FINITE = st.floats(allow_nan=False, allow_infinity=False)
NUMBERS = st.floats(-1e6, 1e6, width=32)


def images(spec: RobotSpec) -> st.SearchStrategy[dict[str, np.ndarray]]:
    return st.fixed_dictionaries({name: hnp.arrays(np.uint8, size.shape) for name, size in spec.cameras.items()})


@st.composite
def observations(draw: st.DrawFn, spec: RobotSpec = SPEC) -> Observation:
    return Observation(
        time=draw(FINITE),
        state=draw(hnp.arrays(np.float32, len(spec.state), elements=NUMBERS)),
        images=draw(images(spec)),
        image_times=draw(st.dictionaries(st.sampled_from(sorted(spec.cameras)), FINITE)),
    )


@st.composite
def chunks(draw: st.DrawFn) -> ActionChunk:
    horizon = draw(st.integers(1, 5))
    latents = hnp.arrays(np.float32, (horizon, 2), elements=NUMBERS)
    return ActionChunk(
        actions=draw(hnp.arrays(np.float32, (horizon, 3), elements=NUMBERS)),
        observation_time=draw(FINITE),
        dt=draw(st.floats(1e-6, 10)),
        latent_actions=draw(st.none() | latents),
    )


def request(**changes: object) -> dict[str, object]:
    message: dict[str, object] = {
        "observation/state": np.zeros(6, np.float32),
        "observation/images/front": np.zeros((3, 4, 3), np.uint8),
        "observation/images/wrist": np.zeros((2, 2, 3), np.uint8),
    }
    message |= changes
    return {key: value for key, value in message.items() if value is not None}


def reply(**changes: object) -> dict[str, object]:
    message = encode_chunk(
        ActionChunk(actions=np.zeros((2, 3), np.float32), observation_time=1.0, dt=0.1),
        Timing(policy_ms=1.0, server_ms=2.0),
    )
    return {key: value for key, value in (message | changes).items() if value is not None}


@given(observation=observations(), reset=st.booleans())
def test_observations_survive_the_wire(observation: Observation, reset: bool) -> None:
    message = unpack(pack(encode_observation(observation, SPEC, reset=reset)))
    found = decode_observation(message, SPEC)
    assert decode_request(message, SPEC).reset is reset
    assert found.time == observation.time
    assert found.image_times == observation.image_times
    np.testing.assert_array_equal(found.state, observation.state)
    for camera in SPEC.cameras:
        np.testing.assert_array_equal(found.images[camera], observation.images[camera])
        assert found.images[camera].flags.writeable
    assert found.state.flags.writeable


@given(chunk=chunks(), previous=st.none() | st.floats(0, 1e6))
def test_chunks_survive_the_wire(chunk: ActionChunk, previous: float | None) -> None:
    timing = Timing(policy_ms=1.5, server_ms=2.5, previous_total_ms=previous)
    message = unpack(pack(encode_chunk(chunk, timing)))
    found = decode_chunk(message, BLIND)
    assert decode_timing(message) == timing
    assert (found.observation_time, found.dt) == (chunk.observation_time, chunk.dt)
    np.testing.assert_array_equal(found.actions, chunk.actions)
    assert found.actions.flags.writeable
    if chunk.latent_actions is None:
        assert found.latent_actions is None
    else:
        np.testing.assert_array_equal(found.latent_actions, chunk.latent_actions)


def test_the_keys_are_documented_ones() -> None:
    keys = ("observation/state", "observation/images/front", "observation/images/wrist")
    assert observation_keys(SPEC) == keys
    observation = decode_observation(request(), SPEC)
    assert set(keys) < set(encode_observation(observation, SPEC))


def test_what_openpi_clients_send_is_understood() -> None:
    spec = fake_spec({"front": CameraSpec(height=3, width=4)})
    image = np.full((3, 4, 3), 7, np.uint8)
    message = {"observation/state": np.arange(6, dtype=np.float64), "observation/image": image, "prompt": "reach"}
    observation = decode_observation(unpack(pack(message)), spec)
    assert observation.time == 0.0
    assert observation.state.dtype == np.float32
    np.testing.assert_array_equal(observation.images["front"], image)


def test_only_the_cameras_of_the_spec_are_sent() -> None:
    observation = decode_observation(request(), SPEC)
    assert set(encode_observation(observation, BLIND)) == {"observation/state", "observation/time"}


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"observation/state": None}, "observation/state: expected .6,. .hand_x.* float32, found no such key among"),
        ({"observation/state": None, "\x1b[2J\n": 1}, r"among .*, \\x1b\[2J\\n"),
        ({"observation/state": np.zeros(5, np.float32)}, r"observation/state: .*, found \(5,\) float32"),
        ({"observation/state": np.zeros(6, np.uint8)}, r"observation/state: .*, found \(6,\) uint8"),
        ({"observation/state": [0.0] * 6}, "observation/state: .*, found a list"),
        ({"observation/state": np.float32(1)}, "observation/state: .*, found a float32"),
        ({"observation/images/wrist": None}, "observation/images/wrist: .* uint8 RGB, or a JPEG, found no such key"),
        ({"observation/images/wrist": np.zeros((2, 2, 4), np.uint8)}, r"found \(2, 2, 4\) uint8"),
        ({"observation/images/wrist": np.zeros((2, 2, 3), np.float32)}, r"found \(2, 2, 3\) float32"),
        ({"observation/images/wrist": b"JPEG"}, "observation/images/wrist: expected a JPEG, found 4 bytes"),
        ({"observation/time": "now"}, "observation/time: expected a finite number, found a str"),
        ({"observation/time": math.nan}, "observation/time: expected a finite number, found nan"),
        ({"observation/time": True}, "observation/time: expected a finite number, found True"),
        ({"observation/image_times": 3}, "observation/image_times: expected a dictionary, found 3"),
        ({"observation/image_times": {"front": math.inf}}, "front: expected a finite number, found inf"),
    ],
)
def test_a_request_that_does_not_fit_is_refused_by_name(changes: dict[str, object], complaint: str) -> None:
    with pytest.raises(MalformedMessage, match=complaint):
        decode_observation(request(**changes), SPEC)


def test_two_cameras_need_their_names() -> None:
    message = request(**{"observation/images/wrist": None, "observation/image": np.zeros((2, 2, 3), np.uint8)})
    with pytest.raises(MalformedMessage, match="observation/images/wrist: expected"):
        decode_observation(message, SPEC)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_a_state_that_is_no_finite_float32_is_refused_by_entry(value: float) -> None:
    state = np.zeros(6, np.float64)
    state[4] = value
    with pytest.raises(InvalidVector, match="goal_y: expected a finite number"):
        decode_observation(request(**{"observation/state": state}), SPEC)


@pytest.mark.parametrize("message", [None, 3, "text", [1], np.zeros(6, np.float32)])
def test_a_request_that_is_no_dictionary_is_refused(message: object) -> None:
    with pytest.raises(MalformedMessage, match="request: expected a dictionary"):
        decode_observation(message, SPEC)


def test_reset_must_be_a_boolean() -> None:
    with pytest.raises(MalformedMessage, match="reset: expected true or false, found 1"):
        decode_request(request(reset=1), SPEC)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"actions": None}, "actions: expected .H, 3. .vx, vy, vz. float32, found no such key"),
        ({"actions": np.zeros((2, 4), np.float32)}, r"actions: .*, found \(2, 4\) float32"),
        ({"actions": np.zeros(3, np.float32)}, r"actions: .*, found \(3,\) float32"),
        ({"actions": np.zeros((0, 3), np.float32)}, r"actions: .*, found \(0, 3\) float32"),
        ({"actions": np.zeros((2, 3), np.int64)}, r"actions: .*, found \(2, 3\) int64"),
        ({"actions": np.array([[0, 0, 0], [0, np.nan, 0]], np.float32)}, r"actions\[1\] vy: expected a finite"),
        (
            {"latent_actions": np.zeros((1, 2), np.float32)},
            r"latent_actions: expected \(2, Z\) float32, found \(1, 2\)",
        ),
        ({"latent_actions": 3}, "latent_actions: expected"),
        ({"dt": None}, "dt: expected a finite number"),
        ({"dt": 0.0}, "dt: expected a positive number"),
        ({"observation_time": None}, "observation_time: expected a finite number"),
    ],
)
def test_a_reply_that_does_not_fit_is_refused_by_name(changes: dict[str, object], complaint: str) -> None:
    with pytest.raises(MalformedMessage, match=complaint):
        decode_chunk(reply(**changes), BLIND)


def test_a_reply_without_timing_is_refused() -> None:
    with pytest.raises(MalformedMessage, match="infer_ms: expected a finite number"):
        decode_timing(reply(policy_timing=None))


def test_an_observation_that_does_not_fit_is_not_sent() -> None:
    observation = decode_observation(request(), SPEC)
    blind = Observation(time=0.0, state=observation.state)
    with pytest.raises(InvalidImage, match="camera front"):
        encode_observation(blind, SPEC)
