"""Another checkpoint while robots act: each goes over with its next episode."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from clam_robot.errors import CheckpointError
from policy_server.packing import pack, unpack
from policy_server.served_model import ModelSource
from tests.policy_server.served import STATE, count_of, serving, source, streaming

NEW = 500


def load(folder: Path) -> ModelSource:
    if folder.name == "broken":
        raise RuntimeError(f"secret detail in {folder}")
    if folder.name == "damaged":
        raise CheckpointError(f"checkpoint {folder}: expected weights, found none")
    return source("new", offset=NEW / 1000)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    for name in ("good", "damaged", "broken"):
        (tmp_path / name).mkdir()
    with serving(load=load, checkpoints=tmp_path) as client:
        yield client


def load_good(client: TestClient) -> None:
    answer = client.post("/v1/load", json={"checkpoint": "good"})
    assert answer.status_code == 200
    assert (answer.json()["policy"], answer.json()["model"]) == ("new", "counting")


def test_a_stream_goes_over_with_its_next_episode(client: TestClient) -> None:
    with streaming(client) as stream, streaming(client) as other:
        assert [stream.count(1), other.count(1)] == [1, 1]
        load_good(client)
        assert [stream.count(2), other.count(2)] == [2, 2]
        assert stream.count(3, reset=True) == NEW + 1
        other.send({"type": "reset"})
        assert other.count(3) == NEW + 1
    with streaming(client) as late:
        assert late.welcome["info"]["policy"] == "new"
        assert late.count(1) == NEW + 1


def test_a_lock_step_client_goes_over_with_its_next_episode(client: TestClient) -> None:
    with client.websocket_connect("/") as socket:
        socket.receive_bytes()

        def count(**changes: object) -> int:
            socket.send_bytes(pack({"observation/state": STATE} | changes))
            return count_of(unpack(socket.receive_bytes())["actions"])

        assert count() == 1
        load_good(client)
        assert [count(), count(reset=True), count()] == [2, NEW + 1, NEW + 2]


def test_a_session_over_http_goes_over_with_its_next_episode(client: TestClient) -> None:
    def count(**changes: object) -> int:
        return count_of(client.post("/v1/act", json={"state": [0.0] * 6} | changes).json()["actions"])

    assert count(session="arm") == 1
    load_good(client)
    assert [count(session="arm"), count(), count(session="leg")] == [2, NEW + 1, NEW + 1]
    assert count(session="arm", reset=True) == NEW + 1


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"checkpoint": "damaged"}, 422, "checkpoint: checkpoint damaged: expected weights, found none; the old one"),
        ({"checkpoint": "broken"}, 500, "the server failed; its log says where"),
        ({"checkpoint": "../x"}, 404, "checkpoint: expected a folder below the server's --checkpoints"),
        ({"checkpoint": "good", "model": "x"}, 404, "model: expected one of counting, found 'x'"),
        ({"checkpoint": 1}, 422, "'checkpoint': input should be a valid string, found 1"),
        ({"checkpiont": "good"}, 422, "unknown key 'checkpiont'"),
        ({}, 422, "'checkpoint' is missing"),
        ([], 422, "request does not fit LoadRequest"),
    ],
)
def test_what_cannot_be_loaded_is_named_and_the_old_one_answers(
    client: TestClient, body: object, status: int, words: str
) -> None:
    answer = client.post("/v1/load", json=body)
    assert answer.status_code == status
    assert words in answer.json()["error"]["message"]
    assert "secret" not in answer.text
    with streaming(client) as stream:
        assert stream.count(1) == 1


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 60_000])
def test_what_is_no_json_is_named(client: TestClient, content: bytes) -> None:
    answer = client.post("/v1/load", content=content)
    assert answer.status_code == 422
    assert answer.json()["error"]["message"] == "request: expected JSON, found none"
