"""The application in this process: what is served where, and as what."""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from clam_robot.specs import RobotSpec
from clam_robot.testing.fakes import FakePolicy, fake_spec
from policy_server.app import create_app
from policy_server.packing import pack, unpack
from policy_server.policy_info import PolicyInfo

REQUEST = pack({"observation/state": np.zeros(6, np.float32)})


def unbounded_spec() -> RobotSpec:
    spec = fake_spec()
    return replace(spec, state=replace(spec.state, low=(-math.inf,) * 6, high=(math.inf,) * 6))


@pytest.fixture
def client() -> Iterator[TestClient]:
    app = create_app(lambda: FakePolicy(unbounded_spec(), horizon=3), name="fake", summary={"episodes": 50})
    with TestClient(app) as client:
        yield client


def test_health_is_two_letters(client: TestClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "OK\n")


def test_the_spec_is_json_that_reads_back(client: TestClient) -> None:
    info = PolicyInfo.from_metadata(client.get("/spec").json(), source="/spec")
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
    assert [policy.num_resets for policy in made] == [1, 1, 1]
