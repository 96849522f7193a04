"""Servers that misbehave: whatever they send, the client says what was wrong and takes no answer for another."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest
from websockets.sync.server import ServerConnection, serve

from clam_robot.errors import PolicyRefused, PolicyUnavailable
from clam_robot.testing.fakes import FakePolicy, fake_spec
from clam_robot.timing import ManualClock
from clam_robot.types import ActionChunk
from policy_server.client import RemotePolicy
from policy_server.config import ServerConfig
from policy_server.packing import pack, unpack
from policy_server.probe import blank_observation, probe
from policy_server.protocol import Timing, encode_chunk
from policy_server.served_model import ModelSource, OneByOne

INFO = probe(ModelSource(policy="stub", group=OneByOne(FakePolicy)), ServerConfig(), model="default")
PATIENCE = 60.0

Stub = Callable[[Callable[[ServerConnection], None]], RemotePolicy]


def reply(time: float, **changes: object) -> bytes:
    chunk = ActionChunk(actions=np.full((1, 3), time / 10, np.float32), observation_time=time, dt=0.1)
    message = encode_chunk(chunk, Timing(policy_ms=1.0, server_ms=1.0)) | changes
    return pack({key: value for key, value in message.items() if value is not None})


@pytest.fixture
def stub() -> Iterator[Stub]:
    """A client of a server whose side of every connection is the given function."""
    with ExitStack() as stack:

        def start(converse: Callable[[ServerConnection], None]) -> RemotePolicy:
            server = stack.enter_context(serve(converse, "127.0.0.1", 0, compression=None))
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            policy = RemotePolicy(
                f"ws://127.0.0.1:{server.socket.getsockname()[1]}",
                timeout_s=PATIENCE,
                max_reconnects=2,
                clock=ManualClock(),
            )
            stack.callback(policy.close)
            return policy

        yield start


def greeting_with(greeting: bytes | str) -> Callable[[ServerConnection], None]:
    return lambda connection: connection.send(greeting)


def answering_with(answer: bytes | str) -> Callable[[ServerConnection], None]:
    def converse(connection: ServerConnection) -> None:
        connection.send(pack(INFO.to_dict()))
        connection.recv()
        connection.send(answer)
        connection.recv()

    return converse


@pytest.mark.parametrize(
    ("greeting", "complaint"),
    [
        (pack({"reset_pose": [0.0]}), "expected a server of clam-robot"),
        (pack(INFO.to_dict() | {"protocol_version": 9}), "expected protocol version 1, found 9"),
        (pack(INFO.to_dict() | {"robot": None}), "robot"),
        (b"garbage", "expected one msgpack value"),
        ("go away", "go away"),
    ],
)
def test_a_greeting_that_is_no_policys_is_refused(stub: Stub, greeting: bytes | str, complaint: str) -> None:
    policy = stub(greeting_with(greeting))
    with pytest.raises(PolicyRefused, match=complaint) as refusal:
        policy.connect()
    assert "ws://127.0.0.1" in str(refusal.value)


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (b"garbage", "expected one msgpack value"),
        (reply(0.0)[:-3], "expected one msgpack value"),
        (pack([1, 2]), "reply: expected a dictionary, found a list"),
        (reply(0.0, actions=np.zeros((1, 4), np.float32)), r"actions: .*, found \(1, 4\) float32"),
        (reply(0.0, actions=np.full((1, 3), np.nan, np.float32)), r"actions\[0\] vx: expected a finite number"),
        (reply(0.0, server_timing=None), "infer_ms: expected a finite number"),
        ("out of memory", "out of memory"),
    ],
)
def test_an_answer_that_is_no_chunk_is_refused(stub: Stub, answer: bytes | str, complaint: str) -> None:
    policy = stub(answering_with(answer))
    with pytest.raises(PolicyRefused, match=complaint):
        policy.infer(blank_observation(fake_spec()))


def test_an_answer_to_another_observation_is_never_used(stub: Stub) -> None:
    policy = stub(answering_with(reply(3.0)))
    with pytest.raises(PolicyUnavailable, match=r"expected the answer to 4\.0 s, found one to 3\.0 s"):
        policy.infer(replace(blank_observation(fake_spec()), time=4.0))


def test_a_late_answer_dies_with_its_connection(stub: Stub) -> None:
    late = threading.Event()

    def converse(connection: ServerConnection) -> None:
        connection.send(pack(INFO.to_dict()))
        for frame in connection:
            time = unpack(bytes(frame))["observation/time"]
            if time == 1.0:
                late.wait(PATIENCE)
            connection.send(reply(time))

    patient = stub(converse)
    hasty = RemotePolicy(patient._url, timeout_s=0.01)
    observation = replace(blank_observation(fake_spec()), time=1.0)
    with pytest.raises(PolicyUnavailable, match=r"no answer within 0\.01 s"):
        hasty.infer(observation)
    late.set()
    np.testing.assert_allclose(patient.infer(replace(observation, time=2.0)).actions, 0.2)
    hasty.close()


def test_an_observation_too_large_for_the_server_is_not_sent(stub: Stub) -> None:
    policy = stub(greeting_with(pack(replace(INFO, max_frame_bytes=10).to_dict())))
    with pytest.raises(PolicyRefused, match=r"observation not sent to .* at most 10 bytes, found .* smaller images"):
        policy.infer(blank_observation(fake_spec()))


def test_a_server_that_reads_no_frames_of_this_size_is_told_from_one_that_is_gone(stub: Stub) -> None:
    def converse(connection: ServerConnection) -> None:
        connection.send(pack(INFO.to_dict()))
        connection.recv()
        connection.close(1009)

    with pytest.raises(PolicyRefused, match="the request is larger than it reads; send smaller images"):
        stub(converse).infer(blank_observation(fake_spec()))


def test_a_server_that_only_hangs_up_is_tried_a_bounded_number_of_times(stub: Stub) -> None:
    attempts: list[ServerConnection] = []

    def converse(connection: ServerConnection) -> None:
        attempts.append(connection)
        connection.send(pack(INFO.to_dict()))

    policy = stub(converse)
    with pytest.raises(PolicyUnavailable, match=r"the connection was closed .*, in 3 attempts"):
        policy.infer(blank_observation(fake_spec()))
    assert len(attempts) >= 3


def test_a_server_that_comes_back_with_another_robot_is_refused(stub: Stub) -> None:
    robots = iter([fake_spec(), fake_spec(control_hz=50.0)])

    def converse(connection: ServerConnection) -> None:
        connection.send(pack(replace(INFO, robot=next(robots)).to_dict()))

    policy = stub(converse)
    policy.connect()
    policy.close()
    with pytest.raises(PolicyRefused, match=r"expected the robot of before, found control_hz: needs 10.0, finds 50.0"):
        policy.connect()


@pytest.mark.parametrize(
    ("status", "error", "complaint"),
    [
        (200, PolicyRefused, "expected a WebSocket, found"),
        (404, PolicyRefused, "expected a WebSocket, found"),
        (503, PolicyUnavailable, "closed while it was opened .*HTTP 503.*, in 2 attempts"),
        (None, PolicyUnavailable, "closed while it was opened .*, in 2 attempts"),
    ],
)
def test_what_is_no_policy_server_is_told_from_one_that_is_going_away(
    status: int | None, error: type[Exception], complaint: str
) -> None:
    class Page(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if status is not None:
                self.send_response(status)
                self.end_headers()
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        policy = RemotePolicy(f"ws://127.0.0.1:{server.server_port}", max_reconnects=1, clock=ManualClock())
        try:
            with pytest.raises(error, match=complaint):
                policy.connect()
        finally:
            server.shutdown()
            thread.join()
