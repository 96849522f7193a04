"""Actions over HTTP: two formats, one set of refusals."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from policy_server.jpeg import encode_jpeg
from policy_server.packing import pack, unpack
from tests.policy_server.served import CAMERA, IMAGE, STATE, Gate, count_of, serving, source

MSGPACK = {"content-type": "application/msgpack"}


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


RAW = {"data": base64_of(IMAGE.tobytes()), "shape": [8, 16, 3]}
JPEG = {"jpeg": base64_of(encode_jpeg(IMAGE))}


def body(**changes: object) -> dict[str, object]:
    return {"state": [0.0] * 6} | changes


def seen(**changes: object) -> dict[str, object]:
    return body(images={"front": JPEG}) | changes


def packed(**changes: object) -> bytes:
    return pack({"observation/state": STATE} | changes)


@pytest.fixture(scope="module")
def camera() -> Iterator[TestClient]:
    with serving(source(spec=CAMERA)) as client:
        yield client


@pytest.fixture(scope="module")
def plain() -> Iterator[TestClient]:
    with serving() as client:
        yield client


def refusal(answer: Response, status: int, code: str) -> str:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert set(answer.json()) == {"error"}
    assert set(answer.json()["error"]) == {"code", "message"}
    assert answer.json()["error"]["code"] == code
    message = answer.json()["error"]["message"]
    for secret in ("Traceback", "/home", ".py", "site-packages", "pydantic"):
        assert secret not in message
    return message


def test_json_is_answered_in_json() -> None:
    with serving() as client:
        answer = client.post("/v1/act", json=body(time=3.5))
        assert answer.headers["content-type"] == "application/json"
        found = answer.json()
        np.testing.assert_allclose(found["actions"], np.full((2, 3), 0.001), atol=1e-6)
        assert (found["dt"], found["observation_time"], found["latent_actions"]) == (0.1, 3.5, None)
        assert 0.0 <= found["timing"]["policy_ms"] <= found["timing"]["server_ms"]


@pytest.mark.parametrize(
    "kind", ["application/msgpack", "application/x-msgpack", "APPLICATION/VND.MSGPACK; charset=binary"]
)
def test_msgpack_is_answered_in_msgpack(kind: str) -> None:
    with serving() as client:
        frame = packed(**{"observation/time": 3.5})
        answer = client.post("/v1/act", content=frame, headers={"content-type": kind})
        assert answer.headers["content-type"] == "application/msgpack"
        found = unpack(answer.content)
        assert (found["actions"].shape, found["actions"].dtype) == ((2, 3), np.float32)
        assert found["observation_time"] == 3.5


@pytest.mark.parametrize("image", [RAW, JPEG])
def test_images_travel_as_pixels_or_as_jpeg(image: dict[str, object]) -> None:
    with serving(source(spec=CAMERA)) as client:
        assert client.post("/v1/act", json=body(images={"front": image})).status_code == 200
        for value in (IMAGE, encode_jpeg(IMAGE)):
            frame = packed(**{"observation/images/front": value})
            assert client.post("/v1/act", content=frame, headers=MSGPACK).status_code == 200


def count(client: TestClient, **changes: object) -> int:
    return count_of(client.post("/v1/act", json=body(**changes)).json()["actions"])


def test_a_session_has_a_history_until_it_begins_anew() -> None:
    with serving() as client:
        assert [count(client, session="arm") for _ in range(3)] == [1, 2, 3]
        assert [count(client), count(client), count(client, session="leg")] == [1, 1, 1]
        assert [count(client, session="arm", reset=True), count(client, session="arm")] == [1, 2]
        answer = client.post("/v1/act", content=packed(session="arm"), headers=MSGPACK)
        assert count_of(unpack(answer.content)["actions"]) == 3


def test_a_model_is_asked_by_name() -> None:
    with serving(source("one"), source("two", offset=0.5)) as client:
        assert [count(client), count(client, model="one"), count(client, model="two")] == [1, 1, 501]
        answer = client.post("/v1/act", content=packed(model="two"), headers=MSGPACK)
        assert count_of(unpack(answer.content)["actions"]) == 501
        message = refusal(client.post("/v1/act", json=body(model="three")), 404, "not_found")
        assert message == "model: expected one of one, two, found 'three'"
        refusal(client.post("/v1/act", content=packed(model="three"), headers=MSGPACK), 404, "not_found")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"{", "request: Invalid JSON"),
        (b"\xff", "request: Invalid JSON"),
        (b"", "request: Invalid JSON"),
        (b"[]", "request: Input should be an object, found []"),
        (json.dumps({}), "state: Field required"),
        (json.dumps(body(state="x")), "state: Input should be a valid array, found 'x'"),
        (json.dumps(body(state=[0.0] * 5)), "state: expected (6,) [hand_x, hand_y,"),
        (json.dumps(body(state=[0.0] * 5 + ["0"])), "state.5: Input should be a valid number, found '0'"),
        (json.dumps(body(reset="yes")), "reset: Input should be a valid boolean, found 'yes'"),
        (json.dumps(seen(state=[0.0] * 5 + [float("nan")])), "state[5] goal_z: expected a finite number m, found nan"),
        (json.dumps(seen(state=[1e300] * 6)), "state[0] hand_x: expected a finite number m, found inf"),
        (json.dumps(body(images={})), "images.front: expected (8, 16, 3) uint8 RGB, or a JPEG, found no"),
        (json.dumps(body(images={"front": RAW | {"shape": [8, 16]}})), "images.front.raw.shape.2: Field required"),
        (json.dumps(body(images={"front": RAW | {"shape": [16, 8, 3]}})), "found (16, 8, 3) uint8"),
        (json.dumps(body(images={"front": RAW | {"shape": [8, 16, 4]}})), "images.front: expected (8, 16"),
        (json.dumps(body(images={"front": {"data": "", "shape": [0, 10**30, 3]}})), "images.front: expec"),
        (json.dumps(body(images={"front": {"data": "", "shape": [-1, -1, 0]}})), "images.front: expected"),
        (json.dumps(body(images={"front": {"jpeg": base64_of(b"GIF89a")}})), "expected a JPEG, found 6 bytes that are"),
        (json.dumps(body(images={"front": {"jpeg": "AAA"}})), "images.front.jpeg.jpeg: "),
        (json.dumps(body(images={"front": {}})), "images.front.jpeg.jpeg: Field required, found {}"),
        (json.dumps(body(session="a b")), "session: String should match pattern"),
        (json.dumps(body(session="")), "session: String should match pattern"),
        (json.dumps(body(time=-1)), "time: Input should be greater than or equal to 0, found -1"),
        (json.dumps(body(time=float("inf"))), "time: expected a finite number, found inf"),
        (json.dumps(body(sate=[1])), "sate: Extra inputs are not permitted, found [1]"),
    ],
)
def test_json_that_does_not_fit_is_named(camera: TestClient, content: str | bytes, complaint: str) -> None:
    answer = camera.post("/v1/act", content=content, headers={"content-type": "application/json"})
    message = refusal(answer, 422, "invalid_request")
    assert complaint in message
    assert "observation/" not in message  # a name of another protocol


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"\xc1", "expected one msgpack value, found 1 bytes that are not"),
        (packed()[:-1], "expected one msgpack value"),
        (pack([]), "request: expected a dictionary, found a list"),
        (packed(session="a b"), "session: expected letters, digits"),
        (packed(session="a" * 65), "session: expected letters, digits"),
        (packed(session=7), "session: expected text, found 7"),
        (packed(model=7), "model: expected text, found 7"),
        (packed(reset=1), "reset: expected true or false, found 1"),
        (pack({"observation/state": STATE.astype(np.int32)}), "found (6,) int32"),
        (pack({"observation/state": STATE * np.nan}), "hand_x: expected a finite number m, found nan"),
    ],
)
def test_msgpack_that_does_not_fit_is_named(plain: TestClient, content: bytes, complaint: str) -> None:
    assert complaint in refusal(plain.post("/v1/act", content=content, headers=MSGPACK), 422, "invalid_request")


def test_a_policy_that_fails_says_where_to_look_and_nothing_more(caplog: pytest.LogCaptureFixture) -> None:
    with serving() as client:
        message = refusal(client.post("/v1/act", json=body(state=[1.0] * 6)), 500, "policy_failed")
        assert message == "policy counting failed with LookupError; the server's log says where"
        assert count(client) == 1
    assert "secret detail" in caplog.text


def test_a_policy_that_hangs_is_given_up() -> None:
    gate = Gate()
    with serving(source(gate=gate), infer_timeout=0.05) as client:
        gate.shut()
        message = refusal(client.post("/v1/act", json=body()), 504, "policy_timeout")
        assert message == "no answer within 0.05 s: the inference takes longer"
        gate.open()


def test_who_asks_too_often_is_told_when_to_come_back() -> None:
    with serving(max_rate=0.001) as client:
        assert client.post("/v1/act", json=body()).status_code == 200
        answers = [client.post(route, json=body()) for route in ("/v1/act", "/act")]
        assert all("try again in" in refusal(answer, 429, "rate_limited") for answer in answers)


def test_a_path_or_method_that_is_not_there_points_to_the_list() -> None:
    with serving() as client:
        assert "see /docs" in refusal(client.get("/v1/akt"), 404, "not_found")
        answer = client.get("/v1/act")
        refusal(answer, 405, "not_found")
        assert answer.headers["allow"] == "POST"


def test_refusals_are_counted() -> None:
    with serving() as client:
        client.post("/v1/act", json={})
        client.get("/v1/spec", params={"model": "x"})
        text = client.get("/metrics").text
        assert 'clam_rejects_total{code="invalid_request"} 1.0' in text
        assert 'clam_rejects_total{code="not_found"} 1.0' in text


def openvla_array(array: np.ndarray) -> dict[str, Any]:
    return {"__numpy__": base64_of(array.tobytes()), "dtype": array.dtype.str, "shape": list(array.shape)}


def decoded(text: str) -> np.ndarray:
    value = json.loads(text)
    return np.frombuffer(base64.b64decode(value["__numpy__"]), value["dtype"]).reshape(value["shape"])


@pytest.mark.parametrize("key", ["image", "full_image", "front", "front_image"])
def test_clients_of_openvla_get_one_action(key: str) -> None:
    request = {key: openvla_array(IMAGE), "instruction": "reach", "unnorm_key": "x", "state": openvla_array(STATE)}
    with serving(source(spec=CAMERA)) as client:
        plain = client.post("/act", json=request)
        assert plain.headers["content-type"] == "application/json"
        np.testing.assert_allclose(decoded(plain.text), np.full(3, 0.001), atol=1e-6)
        encoded = client.post("/act", json={"encoded": json.dumps(request)})
        np.testing.assert_array_equal(decoded(encoded.json()), decoded(plain.text))
        lists = client.post("/act", json={key: IMAGE.tolist(), "state": STATE.tolist()})
        np.testing.assert_array_equal(decoded(lists.text), decoded(plain.text))


def test_clients_of_openvla_have_no_history() -> None:
    with serving() as client:
        answers = [client.post("/act", json={"state": [0.0] * 6}).text for _ in range(2)]
        assert [count_of([decoded(text)]) for text in answers] == [1, 1]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"{", "request: expected JSON, found"),
        (b"\xff", "request: expected JSON, found"),
        (b"[" * 100_000, "request: expected JSON, found"),
        (b"[]", "request: expected a JSON dictionary with image and instruction"),
        (b'{"encoded": 1}', "encoded: expected JSON as text"),
        (b'{"encoded": "[]"}', "request: expected a JSON dictionary"),
        (b"{}", "state: expected (6,)"),
        (b'{"state": "x"}', "state: expected numbers, found"),
        (b'{"state": [[1], [1, 2]]}', "state: expected numbers, found"),
        (json.dumps({"state": [1e300] * 6, "image": IMAGE.tolist()}), "hand_x: expected a finite number m, found inf"),
        (b'{"state": [0, 0, 0, 0, 0, 0]}', "front: expected (8, 16, 3)"),
        (b'{"state": [0, 0, 0, 0, 0, 0], "image": [[[300]]]}', "image: expected numbers, found"),
        *(
            (f'{{"state": {{"__numpy__": {data}, "dtype": {dtype}, "shape": {shape}}}}}'.encode(), "as json-numpy wr")
            for data, dtype, shape in (
                ("1", '"<f4"', "[0]"),
                ('"?"', '"<f4"', "[0]"),
                ('"AAAA"', '"<f4"', "[1]"),
                ('""', '"O"', "[0]"),
                ('""', '"V8"', "[0]"),
                ('""', '"nonsense"', "[0]"),
                ('""', "null", "[0]"),
                ('""', '"<f4"', "[Infinity]"),
                ('""', '"<f4"', "[1e999, 0]"),
                ('""', '"<f4"', "[-1]"),
                ('""', '"<f4"', "3"),
                ('""', '"<f4"', "[0, 0, 0, 0, 0]"),
                ('""', '"<f4"', "[0, 1000000000000000000000000000000]"),
            )
        ),
    ],
)
def test_what_openvla_would_not_send_is_named(camera: TestClient, content: str | bytes, complaint: str) -> None:
    message = refusal(camera.post("/act", content=content), 422, "invalid_request")
    assert complaint in message
    assert "observation/" not in message  # a name of another protocol
