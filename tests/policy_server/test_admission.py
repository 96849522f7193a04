"""Who may come in, how many, and with how much: on every route and both WebSockets."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from policy_server.packing import pack, unpack
from tests.policy_server.served import STATE, Gate, keys_in, serving, source, streaming

SOCKETS = ["/", "/v1/stream"]
ASKING = [("POST", "/v1/act"), ("POST", "/act")]
LOOKING = [("GET", "/metrics"), ("GET", "/v1/models"), ("GET", "/v1/spec")]
LOADING = [("POST", "/v1/load")]
OPEN = [("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/openapi.json"), ("GET", "/docs")]

BODIES: dict[str, Any] = {
    "/v1/act": {"state": [0.0] * 6},
    "/act": {"state": [0.0] * 6},
    "/v1/load": {"checkpoint": "good"},
}


class Door:
    """A server with keys, and the headers of those who come."""

    def __init__(self, client: TestClient, secrets: dict[str, str]) -> None:
        self.client = client
        self._secrets = secrets

    def header(self, name: str | None, scheme: str = "Api-Key") -> dict[str, str]:
        secret = self._secrets.get(name or "", "no key of this server")
        return {} if name is None else {"authorization": f"{scheme} {secret}"}

    def status(self, method: str, path: str, name: str | None, scheme: str = "Api-Key") -> int:
        body = BODIES.get(path)
        return self.client.request(method, path, json=body, headers=self.header(name, scheme)).status_code

    def socket_status(self, path: str, name: str | None, scheme: str = "Api-Key") -> tuple[int, str]:
        try:
            with self.client.websocket_connect(path, headers=self.header(name, scheme)) as socket:
                socket.receive_bytes()
                return 101, ""
        except WebSocketDenialResponse as denial:
            return denial.status_code, denial.json()["error"]["code"]


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    path, secrets = keys_in(tmp_path, robot=("infer",), keeper=("admin",), both=("infer", "admin"))
    with serving(keys=path) as client:
        yield Door(client, secrets)


@pytest.mark.parametrize(("method", "path"), [*ASKING, *LOOKING, *LOADING])
@pytest.mark.parametrize("name", [None, "stranger"])
def test_no_route_lets_in_who_has_no_key(door: Door, method: str, path: str, name: str | None) -> None:
    assert door.status(method, path, name) == 401


@pytest.mark.parametrize(("method", "path"), OPEN)
def test_whether_the_server_lives_and_what_it_speaks_is_told_to_all(door: Door, method: str, path: str) -> None:
    assert door.status(method, path, None) == 200


@pytest.mark.parametrize(
    ("routes", "name", "statuses"),
    [
        (ASKING, "robot", {200}),
        (ASKING, "both", {200}),
        (ASKING, "keeper", {403}),
        (LOOKING, "robot", {200}),
        (LOOKING, "keeper", {200}),
        (LOADING, "robot", {403}),
        (LOADING, "keeper", {403}),  # let in, but this server has no folder of checkpoints
    ],
)
def test_a_key_opens_what_it_is_for(door: Door, routes: list[tuple[str, str]], name: str, statuses: set[int]) -> None:
    assert {door.status(method, path, name) for method, path in routes} == statuses


def test_who_may_load_is_told_what_is_missing_and_who_may_not_is_not(door: Door) -> None:
    answers = [
        door.client.post("/v1/load", json={"checkpoint": "x"}, headers=door.header(k)) for k in ("keeper", "robot")
    ]
    words = [answer.json()["error"]["message"] for answer in answers]
    assert words[0] == "this server loads no checkpoints; start it with --checkpoints FOLDER"
    assert words[1] == "expected a key with scope admin, found one for infer"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", bytes(100_000)])
def test_a_stranger_learns_nothing_by_sending_nonsense(door: Door, body: bytes) -> None:
    for _, path in (*ASKING, *LOADING):
        assert door.client.post(path, content=body).status_code == 401


@pytest.mark.parametrize("path", SOCKETS)
@pytest.mark.parametrize("scheme", ["Api-Key", "Bearer"])
def test_a_socket_opens_for_its_key_only(door: Door, path: str, scheme: str) -> None:
    assert door.socket_status(path, "robot", scheme) == (101, "")
    assert door.socket_status(path, None, scheme) == (401, "unauthorized")
    assert door.socket_status(path, "stranger", scheme) == (401, "unauthorized")
    assert door.socket_status(path, "keeper", scheme) == (403, "forbidden")


@pytest.mark.parametrize(("method", "path"), [*ASKING, *LOOKING])
def test_both_schemes_are_taken_on_every_route(door: Door, method: str, path: str) -> None:
    assert door.status(method, path, "robot", "Bearer") == 200
    assert door.status(method, path, "robot", "Basic") == 401


@pytest.mark.parametrize("path", SOCKETS)
def test_one_robot_too_many_is_told_so_and_finds_a_place_when_one_left(path: str) -> None:
    with serving(max_sessions=2) as client:
        with client.websocket_connect("/") as first:
            first.receive_bytes()
            with streaming(client), pytest.raises(WebSocketDenialResponse) as denial:
                client.websocket_connect(path).__enter__()
            assert denial.value.status_code == 503
            assert denial.value.json()["error"] == {
                "code": "busy",
                "message": "expected at most 2 robots at a time, found one more",
            }
            with client.websocket_connect(path) as third:
                third.receive_bytes()
        assert 'clam_sessions{transport="lock_step"} 0.0' in client.get("/metrics").text


def test_a_request_over_http_takes_a_place_too() -> None:
    with serving(max_sessions=1) as client:
        body = {"state": STATE.tolist()}
        with client.websocket_connect("/") as robot:
            robot.receive_bytes()
            for path in ("/v1/act", "/act"):
                answer = client.post(path, json=body)
                assert (answer.status_code, answer.json()["error"]["code"]) == (503, "busy")
        for _ in range(3):
            assert client.post("/v1/act", json=body).status_code == 200


@pytest.mark.parametrize("path", SOCKETS)
def test_a_socket_asks_for_a_model_by_name(path: str) -> None:
    with serving(source("one"), source("two")) as client:
        for query, model in (("", "one"), ("?model=two", "two")):
            with client.websocket_connect(path + query) as socket:
                welcome = unpack(socket.receive_bytes())
                assert welcome.get("info", welcome)["model"] == model
        with pytest.raises(WebSocketDenialResponse) as denial, client.websocket_connect(f"{path}?model=three"):
            pass
        assert (denial.value.status_code, denial.value.json()["error"]["code"]) == (404, "not_found")
        assert client.get("/v1/spec", params={"model": "two"}).json()["model"] == "two"
        assert client.get("/v1/models").json() == {"models": ["one", "two"]}


@pytest.mark.parametrize("path", ["/v1/act", "/act"])
def test_a_body_is_read_to_its_limit_whatever_it_says_of_itself(path: str) -> None:
    def parts() -> Iterator[bytes]:
        yield b" " * 900
        yield b" " * 900

    with serving(max_frame_bytes=1000) as client:
        for content in (b" " * 1001, parts()):
            answer = client.post(path, content=content)
            assert answer.status_code == 413
            assert answer.json()["error"]["code"] == "too_large"
            assert "expected at most 1000 bytes, found more; send JPEG" in answer.json()["error"]["message"]
        assert client.post(path, content=b" " * 1000).status_code == 422


def test_a_body_that_asks_for_a_checkpoint_is_short(tmp_path: Path) -> None:
    with serving(checkpoints=tmp_path) as client:
        assert client.post("/v1/load", content=b" " * 70_000).status_code == 413


@pytest.mark.parametrize("path", SOCKETS)
def test_a_body_too_short_is_not_believed(path: str) -> None:
    with serving() as client, client.websocket_connect(path) as socket:
        socket.receive_bytes()
        socket.send_bytes(pack({"type": "observation", "sequence": 1, "observation/state": STATE})[:-1])
        if path == "/":
            assert socket.receive_text().startswith("expected one msgpack value")
            with pytest.raises(WebSocketDisconnect):
                socket.receive_bytes()
        else:
            assert unpack(socket.receive_bytes())["code"] == "invalid_request"


def test_the_server_is_ready_unless_an_inference_hangs() -> None:
    gate = Gate()
    with serving(source(gate=gate), infer_timeout=0.02) as client:
        assert client.get("/readyz").text == "OK\n"
        gate.shut()
        assert client.post("/v1/act", json=BODIES["/v1/act"]).status_code == 504
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert answer.text.endswith("s so far; restart the server\n")
        assert client.get("/healthz").text == "OK\n"
        gate.open()
        while client.get("/readyz").status_code == 503:
            pass
    assert client.get("/readyz").text == "not started, or stopping\n"
