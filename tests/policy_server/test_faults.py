"""Whatever a client sends, the server lives and says what was wrong."""

import socket
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from policy_server.packing import pack, unpack

PATIENCE = 60.0
IMAGE = np.zeros((16, 16, 3), np.uint8)


def request(**changes: object) -> dict[str, object]:
    message: dict[str, object] = {
        "observation/state": np.zeros(6, np.float32),
        "observation/images/front": IMAGE,
        "observation/images/wrist": IMAGE,
    }
    return {key: value for key, value in (message | changes).items() if value is not None}


def ask(url: str, *frames: bytes | str) -> tuple[str | bytes, int | None]:
    """The reply to the last of the frames, and the code the server closed with."""
    with connect(url, compression=None, proxy=None, max_size=None) as websocket:
        reply: str | bytes = websocket.recv(PATIENCE)
        for frame in frames:
            websocket.send(frame)
            reply = websocket.recv(PATIENCE)
        if isinstance(reply, bytes):
            return reply, None
        with pytest.raises(ConnectionClosed) as closed:
            websocket.recv(PATIENCE)
        assert closed.value.rcvd is not None
        return reply, closed.value.rcvd.code


@pytest.mark.parametrize(
    ("frame", "complaint"),
    [
        (b"\xc1garbage", "expected one msgpack value, found 8 bytes that are not"),
        (b"", "expected one msgpack value, found 0 bytes that are not"),
        (pack(request())[:-7], "expected one msgpack value"),
        ("text", "request: expected a binary frame with a msgpack dictionary, found a text frame"),
        (pack([1]), "request: expected a dictionary, found a list"),
        (pack(request(**{"observation/state": None})), "observation/state: expected (6,)"),
        (pack(request(**{"observation/state": np.zeros(7, np.float32)})), "found (7,) float32"),
        (pack(request(**{"observation/state": np.zeros(6, np.int32)})), "found (6,) int32"),
        (pack(request(**{"observation/state": np.full(6, np.nan)})), "state[0] hand_x: expected a finite number"),
        (pack(request(**{"observation/images/wrist": None})), "observation/images/wrist: expected (16, 16, 3) uint8"),
        (pack(request(**{"observation/images/wrist": IMAGE[:8]})), "found (8, 16, 3) uint8"),
        (pack(request(**{"observation/images/wrist": IMAGE / 255})), "found (16, 16, 3) float64"),
    ],
)
def test_a_bad_request_is_named_and_ends_only_its_own_connection(
    server: Callable[..., Any], frame: bytes | str, complaint: str
) -> None:
    url = server("two-cameras").url
    with connect(url, compression=None, proxy=None) as bystander:
        bystander.recv(PATIENCE)
        reply, code = ask(url, pack(request()), frame)
        assert isinstance(reply, str)
        assert complaint in reply
        assert code == 1011
        bystander.send(pack(request()))
        answer = bystander.recv(PATIENCE)
        assert isinstance(answer, bytes)
        assert unpack(answer)["actions"].shape == (10, 3)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (1, "policy counting failed with RuntimeError; the server's log says where"),
        (3, "policy counting gave no usable action: actions[0] vy: expected a finite number, found nan"),
    ],
)
def test_a_policy_that_fails_is_told_without_traceback_or_path(
    server: Callable[..., Any], kind: int, reason: str
) -> None:
    process = server("counting")
    state = np.array([kind, 0, 0, 0, 0, 0], np.float32)
    assert ask(process.url, pack({"observation/state": state})) == (reason, 1011)
    assert process.is_healthy()


def test_a_frame_beyond_the_limit_is_refused_by_the_protocol_itself(server: Callable[..., Any]) -> None:
    process = server("counting")
    with connect(process.url, compression=None, proxy=None) as websocket:
        websocket.recv(PATIENCE)
        websocket.send(bytes(10_001))
        with pytest.raises(ConnectionClosed) as closed:
            websocket.recv(PATIENCE)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009
    state = pack({"observation/state": np.zeros(6, np.float32)})
    assert isinstance(ask(process.url, state)[0], bytes)


def test_noise_and_connections_that_come_and_go_leave_the_server_well(server: Callable[..., Any]) -> None:
    process = server("counting")
    before = len(process.stderr)
    for noise in (b"GET / HTTP/1.1\r\n", bytes(1000), b"\x16\x03\x01" + bytes(100), b""):
        with socket.create_connection(("127.0.0.1", int(process.port)), timeout=PATIENCE) as raw:
            raw.sendall(noise)
    for _ in range(50):
        with connect(process.url, compression=None, proxy=None):
            pass
    state = pack({"observation/state": np.zeros(6, np.float32)})
    assert isinstance(ask(process.url, state, state)[0], bytes)
    assert "Traceback" not in process.stderr[before:]


def test_a_client_that_vanishes_in_mid_inference_leaves_the_server_well(server: Callable[..., Any]) -> None:
    process = server("two-cameras")
    for _ in range(5):
        with connect(process.url, compression=None, proxy=None, close_timeout=0.001) as websocket:
            websocket.recv(PATIENCE)
            websocket.send(pack(request()))
    assert isinstance(ask(process.url, pack(request()))[0], bytes)
