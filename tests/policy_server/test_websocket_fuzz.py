"""Frames that are nearly right and frames that are nothing: both protocols answer each or say what is wrong."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from websockets.sync.client import connect

from policy_server.packing import pack, unpack

PATIENCE = 60.0
FRAME = pack(
    {
        "type": "observation",
        "sequence": 1,
        "observation/state": np.zeros(6, np.float32),
        "observation/images/front": np.zeros((16, 16, 3), np.uint8),
        "observation/images/wrist": np.zeros((16, 16, 3), np.uint8),
        "observation/time": 1.5,
        "observation/image_times": {"front": 1.0},
        "reset": True,
    }
)
KEYS = ["type", "sequence", "observation/state", "observation/images/front", "observation/image_times", "reset", "x"]

scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=8)
arrays = st.tuples(
    st.sampled_from(["<f4", "<f8", ">f4", "<f2", "|u1", "<i8", "|b1", "<U3", "|S3"]),
    st.lists(st.integers(0, 7), max_size=4),
).map(lambda drawn: np.zeros(drawn[1], drawn[0]))
values = st.recursive(scalars | st.binary(max_size=64) | arrays, lambda x: st.lists(x) | st.dictionaries(st.text(), x))


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A valid frame, some bytes of it changed, left out or put in."""
    frame = bytearray(FRAME)
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, min(250, len(frame) - 1)))
        match draw(st.sampled_from(["change", "cut", "insert", "end"])):
            case "change":
                frame[at] = draw(st.integers(0, 255))
            case "cut":
                del frame[at : at + draw(st.integers(1, 9))]
            case "insert":
                frame[at:at] = draw(st.binary(min_size=1, max_size=9))
            case _:
                del frame[draw(st.integers(1, len(frame))) :]
        if not frame:
            break
    return bytes(frame)


@st.composite
def misfitting(draw: st.DrawFn) -> bytes:
    """A message some of whose fields are of another kind."""
    changes = draw(st.dictionaries(st.sampled_from(KEYS), values, min_size=1, max_size=3))
    known = {"type": "observation", "sequence": 1, "observation/state": np.zeros(6, np.float32)}
    return pack(known | changes)


any_frames = mutated() | misfitting() | st.binary(max_size=200) | values.map(pack) | st.text(max_size=20)
frames = any_frames.filter(lambda frame: len(frame) < 9_000)  # larger ones end the connection, as they should
bounded = settings(
    max_examples=80,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    database=None,
)


@pytest.mark.parametrize("policy", ["counting", "two-cameras"])
def test_a_stream_outlives_every_frame(server: Callable[..., Any], policy: str) -> None:
    process = server(policy)
    before = len(process.stderr)
    with connect(f"{process.url}/v1/stream", compression=None, proxy=None, max_size=None) as websocket:
        websocket.recv(PATIENCE)

        @bounded
        @given(frame=frames)
        def try_out(frame: bytes | str) -> None:
            websocket.send(frame)
            websocket.send(pack({"type": "end"}))  # which is refused, after whatever came of the frame
            words = ""
            while "type: expected 'observation' or 'reset', found a str" not in words:
                reply = unpack(bytes(websocket.recv(PATIENCE)))
                assert reply["type"] in ("chunk", "error")
                words = reply.get("message", "")
                assert reply.get("code") != "internal"
                assert reply["type"] == "chunk" or words

        try_out()
    assert process.is_healthy()
    assert "Traceback" not in process.stderr[before:]


@pytest.mark.parametrize("policy", ["counting", "two-cameras"])
def test_lock_step_answers_or_says_why_not(server: Callable[..., Any], policy: str) -> None:
    process = server(policy)
    before = len(process.stderr)

    @bounded
    @given(frame=frames)
    def try_out(frame: bytes | str) -> None:
        with connect(process.url, compression=None, proxy=None, max_size=None) as websocket:
            websocket.recv(PATIENCE)
            websocket.send(frame)
            reply = websocket.recv(PATIENCE)
            assert reply if isinstance(reply, str) else "actions" in unpack(reply)

    try_out()
    assert process.is_healthy()
    assert "Traceback" not in process.stderr[before:]
