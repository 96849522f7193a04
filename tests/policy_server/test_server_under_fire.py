"""What clients and networks do to a server: it answers others after each, and its memory stays as it was."""

import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from policy_server.packing import pack, unpack
from tests.policy_server.waiting import PATIENCE, until

SOCKETS = ["/", "/v1/stream"]
NUM_CONNECTIONS = 1000
# Python keeps what it once had; a leak of a kilobyte a connection is below this, one of a frame each is far above.
MEMORY = 48 * 2**20

CLIENT = """
import sys, time
from websockets.sync.client import connect
with connect(sys.argv[1], compression=None, proxy=None) as websocket:
    websocket.recv()
    print("welcome", flush=True)
    time.sleep(0.2)
    websocket.send(bytes.fromhex(sys.argv[2]))
    websocket.recv()
    print("answered", flush=True)
    time.sleep(3600)
"""

pytestmark = pytest.mark.xdist_group("server under fire")


@contextmanager
def opened(url: str, path: str) -> Iterator[ClientConnection]:
    """A conversation whose welcome has come."""
    with connect(url + path, compression=None, proxy=None, max_size=None, open_timeout=PATIENCE) as websocket:
        websocket.recv(PATIENCE)
        yield websocket


def request(path: str, **changes: object) -> bytes:
    return pack({"type": "observation", "sequence": 1, "observation/state": np.zeros(6, np.float32)} | changes)


def handshake(path: str) -> bytes:
    return (
        f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ).encode()


def framed(message: bytes) -> bytes:
    """A binary frame as a client sends it, masked with zeros."""
    assert 126 <= len(message) < 2**16  # which take a header of this form
    return b"\x82\xfe" + len(message).to_bytes(2) + bytes(4) + message


def is_answering(server: Any, path: str, **changes: object) -> bool:  # noqa: ANN401
    """Health, and a robot of each transport."""
    with opened(server.url, path) as websocket:
        websocket.send(request(path, **changes))
        reply = websocket.recv(PATIENCE)
        assert isinstance(reply, bytes)
        return server.is_healthy() and "actions" in unpack(reply)


@pytest.fixture(scope="module")
def target(module_server: Callable[..., Any]) -> Any:  # noqa: ANN401
    """A server with few places that gives up on who does not read after half a second."""
    return module_server("--policy", "counting", "--config", '{"send_timeout": 0.5, "max_frame_bytes": 100000}')


@pytest.fixture(autouse=True)
def _memory_is_as_before(request: pytest.FixtureRequest) -> Iterator[None]:
    if "target" not in request.fixturenames:
        yield
        return
    server = request.getfixturevalue("target")
    for path in SOCKETS:
        for _ in range(20):
            assert is_answering(server, path)
    before = server.resident_bytes()
    yield
    for path in SOCKETS:
        assert is_answering(server, path)
    assert server.resident_bytes() - before < MEMORY
    for transport in ("lock_step", "stream"):
        until(lambda name=transport: server.figure(f'clam_sessions{{transport="{name}"}}') == 0)
    assert "Traceback" not in server.stderr


@pytest.mark.parametrize("path", SOCKETS)
@pytest.mark.parametrize("said", [b"", b"GET /healthz HTTP/1.1\r\nHost: h"])
def test_a_connection_that_says_nothing_is_closed_and_one_that_rests_is_not(
    target: Any,  # noqa: ANN401
    path: str,
    said: bytes,
) -> None:
    with opened(target.url, path) as resting, socket.create_connection(("127.0.0.1", int(target.port))) as silent:
        silent.settimeout(PATIENCE)
        silent.sendall(said)
        assert silent.recv(1) == b""
        resting.send(request(path))
        assert "actions" in unpack(resting.recv(PATIENCE))


@pytest.mark.parametrize("path", SOCKETS)
def test_a_thousand_connections_that_come_and_drop(target: Any, path: str) -> None:  # noqa: ANN401
    before = target.num_sockets()
    for k in range(NUM_CONNECTIONS):
        with socket.create_connection(("127.0.0.1", int(target.port)), timeout=PATIENCE) as raw:
            raw.sendall(handshake(path))
            if k % 2:  # the others leave before they are let in
                assert raw.recv(12).startswith(b"HTTP/1.1 ")
            if k % 5 == 0:  # without a goodbye of TCP either
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    until(lambda: target.num_sockets() <= before)


@pytest.mark.parametrize("path", SOCKETS)
@pytest.mark.parametrize(
    "changes",
    [
        {"observation/state": np.zeros(7, np.float32)},
        {"observation/state": np.zeros((6, 1), np.float32)},
        {"observation/state": np.zeros(6, np.int64)},
        {"observation/state": np.full(6, np.nan, np.float32)},
        {"observation/state": "x" * 90_000},
        {"observation/state": [[[]]] * 4000},
        {"observation/time": float("nan")},
        {"observation/image_times": {"front": None}, "reset": "no"},
    ],
)
def test_observations_that_do_not_fit(target: Any, path: str, changes: dict[str, object]) -> None:  # noqa: ANN401
    frame = request(path, **changes)
    with opened(target.url, path) as websocket:
        for _ in range(1 if path == "/" else 20):
            websocket.send(frame)
            reply = websocket.recv(PATIENCE)
            words = unpack(reply)["message"] if isinstance(reply, bytes) else reply
            assert "expected" in words


@pytest.mark.parametrize("path", SOCKETS)
@pytest.mark.parametrize("frame", [b"", b"\xc1" * 1000, request("/")[:-1], b"\x91" * 90_000, b"\xdf\xff\xff\xff\xff"])
def test_garbage_and_frames_cut_short(target: Any, path: str, frame: bytes) -> None:  # noqa: ANN401
    for _ in range(10):
        with opened(target.url, path) as websocket:
            websocket.send(frame)
            reply = websocket.recv(PATIENCE)
            assert isinstance(reply, bytes) == (path != "/")


@pytest.mark.parametrize("path", SOCKETS)
def test_frames_beyond_the_limit(target: Any, path: str) -> None:  # noqa: ANN401
    for _ in range(20):
        with opened(target.url, path) as websocket:
            websocket.send(bytes(100_001))
            with pytest.raises(ConnectionClosed) as closed:
                websocket.recv(PATIENCE)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1009


@pytest.mark.parametrize("path", SOCKETS)
def test_a_frame_that_never_ends(target: Any, path: str) -> None:  # noqa: ANN401
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", int(target.port)), timeout=PATIENCE) as raw:
            raw.sendall(handshake(path) + framed(bytes(60_000))[:30_000])
            assert raw.recv(12).startswith(b"HTTP/1.1 101")


@pytest.mark.parametrize("path", SOCKETS)
def test_who_sends_and_never_reads_loses_its_place_and_its_socket(module_server: Callable[..., Any], path: str) -> None:
    server = module_server("--policy", "wordy", "--config", '{"send_timeout": 0.5, "max_sessions": 1}')
    name = f'clam_sessions{{transport="{"lock_step" if path == "/" else "stream"}"}}'
    before = server.num_sockets()
    with opened(server.url, path) as first:
        first.send(request(path))
        assert len(first.recv(PATIENCE)) > 2 * 2**20
    until(lambda: server.figure(name) == 0)
    with socket.socket() as silent:
        silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        silent.settimeout(PATIENCE)
        silent.connect(("127.0.0.1", int(server.port)))
        silent.sendall(handshake(path))
        until(lambda: server.figure(name) == 1)
        with pytest.raises(InvalidStatus, match="503"), opened(server.url, path):
            pass
        for _ in range(1 if path == "/" else 3):  # each answer is larger than what is buffered on the way
            silent.sendall(framed(request(path, prompt="x" * 126)))
        until(lambda: server.figure(name) == 0)
        until(lambda: server.num_sockets() <= before)
    assert is_answering(server, path)
    assert "Traceback" not in server.stderr


@pytest.mark.parametrize("path", SOCKETS)
def test_a_robot_that_was_stopped_is_no_trouble_for_others(target: Any, path: str) -> None:  # noqa: ANN401
    client = subprocess.Popen(
        [sys.executable, "-c", CLIENT, target.url + path, request(path).hex()], stdout=subprocess.PIPE, text=True
    )
    with client:
        assert client.stdout is not None
        assert client.stdout.readline() == "welcome\n"
        client.send_signal(signal.SIGSTOP)
        for other in SOCKETS:
            assert is_answering(target, other)
        client.send_signal(signal.SIGCONT)
        assert client.stdout.readline() == "answered\n"
        client.kill()


def test_a_server_that_was_stopped_goes_on_where_it_was(target: Any) -> None:  # noqa: ANN401
    with ExitStack() as stack:
        websockets = [stack.enter_context(opened(target.url, path)) for path in SOCKETS]
        target.send(signal.SIGSTOP)
        for websocket, path in zip(websockets, SOCKETS, strict=True):
            websocket.send(request(path))
            with pytest.raises(TimeoutError):
                websocket.recv(0.05)
        target.send(signal.SIGCONT)
        for websocket in websockets:
            assert "actions" in unpack(bytes(websocket.recv(PATIENCE)))
