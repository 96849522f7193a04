"""The application in this process: what is served where, and as what."""

import math
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from clam_robot.specs import RobotSpec
from clam_robot.testing.fakes import FakePolicy, fake_spec
from clam_robot.types import ActionChunk, Observation
from policy_server.app import create_app
from policy_server.config import ServerConfig
from policy_server.packing import pack, unpack
from policy_server.policy_info import PolicyInfo
from policy_server.served_model import ModelSource, OneByOne

REQUEST = pack({"observation/state": np.zeros(6, np.float32)})


def unbounded_spec() -> RobotSpec:
    spec = fake_spec()
    return replace(spec, state=replace(spec.state, low=(-math.inf,) * 6, high=(math.inf,) * 6))


@pytest.fixture
def client() -> Iterator[TestClient]:
    group = OneByOne(lambda: FakePolicy(unbounded_spec(), horizon=3))
    app = create_app({"m": ModelSource(policy="fake", group=group, summary={"episodes": 50})})
    with TestClient(app) as client:
        yield client


def test_health_is_two_letters(client: TestClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "OK\n")


def test_the_spec_is_json_that_reads_back(client: TestClient) -> None:
    info = PolicyInfo.from_metadata(client.get("/v1/spec").json(), source="/v1/spec")
    assert info.robot == unbounded_spec()
    assert (info.policy, info.horizon, info.summary) == ("fake", 3, {"episodes": 50})


def test_the_schema_names_the_fields(client: TestClient) -> None:
    schema = client.get("/openapi.json").json()
    assert {"policy", "robot", "horizon", "dt", "gripper"} <= set(
        schema["components"]["schemas"]["PolicyInfo"]["properties"]
    )


def test_a_conversation_opens_with_metadata_and_goes_on_in_turn(client: TestClient) -> None:
    with client.websocket_connect("/") as socket:
        assert unpack(socket.receive_bytes())["policy"] == "fake"
        for _ in range(3):
            socket.send_bytes(REQUEST)
            assert unpack(socket.receive_bytes())["actions"].shape == (3, 3)


@pytest.mark.parametrize("text", ["{}", ""])
def test_a_text_frame_is_refused_in_words_and_ends_the_conversation(client: TestClient, text: str) -> None:
    with client.websocket_connect("/") as socket:
        socket.receive_bytes()
        socket.send_text(text)
        assert socket.receive_text().startswith("request: expected a binary frame")
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_bytes()
        assert closed.value.code == 1011


def test_connections_have_policies_of_their_own() -> None:
    made: list[FakePolicy] = []

    def make_policy() -> FakePolicy:
        made.append(FakePolicy())
        return made[-1]

    with TestClient(create_app(make_policy)) as client:
        for _ in range(2):
            with client.websocket_connect("/") as socket:
                socket.receive_bytes()
                socket.send_bytes(REQUEST)
                socket.receive_bytes()
    # The first was looked at, the next three were probed.
    assert [policy.num_resets for policy in made] == [0, 1, 1, 1, 1, 1]


class StuckPolicy(FakePolicy):
    """Answers the three inferences of the probe, then waits to be let go."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()
        self.num_calls = 0

    def infer(self, observation: Observation) -> ActionChunk:
        self.num_calls += 1
        if self.num_calls > 3:
            self.go.wait(60.0)
        return super().infer(observation)


def test_an_inference_that_takes_too_long_is_refused_in_words() -> None:
    policy = StuckPolicy()
    with TestClient(create_app(lambda: policy, ServerConfig(infer_timeout=0.01))) as client:
        with client.websocket_connect("/") as socket:
            socket.receive_bytes()
            socket.send_bytes(REQUEST)
            assert socket.receive_text() == "no answer within 0.01 s: the inference takes longer"
        policy.go.set()


def test_a_second_request_before_the_answer_is_refused() -> None:
    policy = StuckPolicy()
    with TestClient(create_app(lambda: policy)) as client:
        with client.websocket_connect("/") as socket:
            socket.receive_bytes()
            socket.send_bytes(REQUEST)
            socket.send_bytes(REQUEST)
            assert socket.receive_text().startswith("request: expected one at a time, found another")
        policy.go.set()


def test_nothing_is_inferred_for_a_client_that_left_while_it_waited() -> None:
    policy = StuckPolicy()
    with TestClient(create_app(lambda: policy)) as client, client.websocket_connect("/") as first:
        first.receive_bytes()
        first.send_bytes(REQUEST)
        with client.websocket_connect("/") as second:
            second.receive_bytes()
            second.send_bytes(REQUEST)
        while 'clam_sessions{transport="lock_step"} 1.0' not in client.get("/metrics").text:  # it was noticed
            time.sleep(0.005)
        policy.go.set()
        first.receive_bytes()
    assert policy.num_calls == 4
