"""The server's side of a stream: the newest observation is answered, and errors end nothing."""

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from policy_server.jpeg import encode_jpeg
from policy_server.packing import pack, unpack
from policy_server.policy_info import PolicyInfo
from policy_server.stream import MAX_ERRORS_KEPT
from tests.policy_server.served import CAMERA, IMAGE, STATE, Gate, count_of, serving, source, streaming


def skipped_by(client: TestClient) -> float:
    for family in text_string_to_metric_families(client.get("/metrics").text):
        if family.name == "clam_skipped_observations":
            return family.samples[0].value
    raise LookupError


def settle(client: TestClient) -> None:
    """Whatever was sent before has been read: requests of one event loop come in order."""
    for _ in range(3):
        assert client.get("/healthz").text == "OK\n"


def test_a_stream_opens_with_what_is_served_and_answers_by_number() -> None:
    with serving() as client, streaming(client) as stream:
        assert stream.welcome["type"] == "welcome"
        assert stream.welcome["protocol_version"] == 1
        info = PolicyInfo.from_metadata(stream.welcome["info"], source="welcome")
        assert (info.policy, info.horizon) == ("counting", 2)
        for sequence in (3, 4, 9):
            stream.ask(sequence)
            reply = stream.receive()
            assert (reply["sequence"], reply["observation_time"], reply["skipped"]) == (sequence, sequence, 0)
            assert reply["actions"].dtype == np.float32


def test_the_newest_observation_is_answered_and_the_others_are_counted() -> None:
    gate = Gate()
    with serving(source(gate=gate)) as client, streaming(client) as stream:
        gate.shut()
        stream.ask(1)
        gate.wait()
        for sequence in range(2, 7):
            stream.ask(sequence)
        while skipped_by(client) < 4:
            pass
        gate.open()
        assert stream.receive()["sequence"] == 1
        reply = stream.receive()
        assert (reply["sequence"], reply["skipped"]) == (6, 4)
        assert gate.times == [1.0, 6.0]
        assert stream.count(7) == 3


def test_a_reset_begins_an_episode_and_silences_what_was_asked_before() -> None:
    gate = Gate()
    with serving(source(gate=gate)) as client, streaming(client) as stream:
        assert [stream.count(1), stream.count(2)] == [1, 2]
        gate.shut()
        stream.ask(3)
        gate.wait()
        stream.send({"type": "reset"})
        stream.ask(4)
        settle(client)
        gate.open()
        reply = stream.receive()
        assert (reply["sequence"], reply["skipped"], count_of(reply["actions"])) == (4, 0, 1)
        assert stream.count(5, reset=True) == 1
        assert stream.count(6) == 2


def test_a_reset_forgets_an_observation_that_still_waited() -> None:
    gate = Gate()
    with serving(source(gate=gate)) as client, streaming(client) as stream:
        gate.shut()
        stream.ask(1)
        gate.wait()
        stream.ask(2)
        stream.send({"type": "reset"})
        settle(client)
        gate.open()
        assert stream.count(3) == 1
        assert gate.times == [1.0, 3.0]


@pytest.mark.parametrize(
    ("frame", "sequence", "complaint"),
    [
        (b"\xc1", None, "expected one msgpack value, found 1 bytes that are not"),
        (pack([1]), None, "request: expected a dictionary, found a list"),
        (pack({"type": "please"}), None, "type: expected 'observation' or 'reset', found a str"),
        (pack({"type": "observation", "sequence": 5}), 5, "observation/state: expected (6,)"),
        (pack({"type": "observation", "sequence": 5, "observation/state": STATE[:3]}), 5, "found (3,) float32"),
        (pack({"type": "observation", "sequence": 5, "observation/state": STATE * np.nan}), 5, "hand_x: expected a fi"),
        (pack({"type": "observation", "sequence": -1, "observation/state": STATE}), None, "sequence: expected"),
    ],
)
def test_a_frame_that_makes_no_sense_is_named_and_the_stream_goes_on(
    frame: bytes, sequence: int | None, complaint: str
) -> None:
    with serving() as client, streaming(client) as stream:
        assert stream.count(1) == 1
        stream.socket.send_bytes(frame)
        error = stream.receive()
        assert (error["type"], error["sequence"], error["code"]) == ("error", sequence, "invalid_request")
        assert complaint in error["message"]
        assert stream.count(6) == 2


def test_a_text_frame_is_named_and_the_stream_goes_on() -> None:
    with serving() as client, streaming(client) as stream:
        stream.socket.send_text("{}")
        assert stream.receive()["message"].startswith("request: expected a binary frame")
        assert stream.count(1) == 1


def test_a_policy_that_fails_is_told_and_answers_the_next(caplog: pytest.LogCaptureFixture) -> None:
    with serving() as client, streaming(client) as stream:
        stream.ask(1, **{"observation/state": STATE + 1})
        error = stream.receive()
        assert (error["sequence"], error["code"]) == (1, "policy_failed")
        assert error["message"] == "policy counting failed with LookupError; the server's log says where"
        assert stream.count(2) == 1
    assert "/home/somebody" in caplog.text


def test_an_inference_that_hangs_is_told_and_the_stream_goes_on() -> None:
    gate = Gate()
    with serving(source(gate=gate), infer_timeout=0.05) as client, streaming(client) as stream:
        gate.shut()
        stream.ask(1)
        error = stream.receive()
        assert (error["sequence"], error["code"]) == (1, "policy_timeout")
        gate.open()
        stream.ask(2)
        assert stream.receive()["sequence"] == 2


def test_of_many_bad_frames_the_last_few_are_answered_and_all_are_counted() -> None:
    gate = Gate()
    with serving(source(gate=gate)) as client, streaming(client) as stream:
        gate.shut()
        stream.ask(1)
        gate.wait()
        for _ in range(3 * MAX_ERRORS_KEPT):
            stream.send({"type": "please"})
        while f'code="invalid_request"}} {3.0 * MAX_ERRORS_KEPT}' not in client.get("/metrics").text:
            pass
        stream.ask(2)
        settle(client)
        gate.open()
        kinds = [stream.receive()["type"] for _ in range(MAX_ERRORS_KEPT + 2)]
        assert kinds == ["chunk"] + ["error"] * MAX_ERRORS_KEPT + ["chunk"]


@pytest.mark.parametrize("version", ["2", "", "one"])
def test_another_protocol_is_refused_in_words(version: str) -> None:
    with serving() as client, client.websocket_connect(f"/v1/stream?protocol={version}") as socket:
        error = unpack(socket.receive_bytes())
        assert (error["type"], error["code"]) == ("error", "invalid_request")
        assert error["message"].startswith(f"protocol: expected 1, found {version!r}")
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_bytes()
        assert closed.value.code == 1002


def test_images_travel_as_pixels_or_as_jpeg() -> None:
    with serving(source(spec=CAMERA)) as client, streaming(client) as stream:
        assert stream.count(1, **{"observation/images/front": IMAGE}) == 1
        assert stream.count(2, **{"observation/image": encode_jpeg(IMAGE)}) == 2


def test_robots_share_a_server_and_no_history() -> None:
    with serving() as client, streaming(client) as one, streaming(client) as other:
        assert [one.count(1), one.count(2), other.count(1), one.count(3)] == [1, 2, 1, 3]
