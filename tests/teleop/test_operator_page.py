"""The operator's page as programs see it: requests, and messages in lock step over real connections."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import imagecodecs
import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from clam_robot.hardware.stop_latch import StopLatch
from clam_robot.timing import ManualClock
from teleop.operator_page import operator_page
from teleop.page_key import WRONG_KEY
from teleop.page_server import PageServer
from teleop.session_state import Phase, Wish
from tests.teleop.fake_session import COVERAGE, GAUGES, RECORDING, FakeSession, make_spec, make_step
from tests.teleop.terminals import wait_until

KEY = "key of this run"
HEADERS = {"X-Page-Key": KEY}


class Page:
    """A page that is served."""

    def __init__(self, key: str | None) -> None:
        self.session, self.latch, self.spec, self.clock = FakeSession(), StopLatch(), make_spec(), ManualClock(50.0)
        self.app = operator_page(
            self.session, spec=self.spec, latch=self.latch, key=key, clock=self.clock, state_hz=200.0, picture_hz=200.0
        )
        self.url = ""

    def connect(self, path: str, key: str = KEY) -> ClientConnection:
        address = self.url.replace("http", "ws", 1) + f"v1/session/{path}"
        return connect(str(httpx2.URL(address, params={"key": key})), open_timeout=20)


@pytest.fixture
def page() -> Iterator[Page]:
    page = Page(KEY)
    with PageServer(page.app, ("127.0.0.1", 0)) as server:
        page.url = server.url
        yield page


@pytest.fixture
def client(page: Page) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=page.url, timeout=20.0) as client:
        yield client


def next_of(socket: ClientConnection) -> Any:  # noqa: ANN401 - JSON
    socket.send("next")
    return json.loads(socket.recv(timeout=20))


def pictures_of(message: str | bytes) -> list[tuple[dict[str, Any], bytes]]:
    assert isinstance(message, bytes)
    end = 4 + int.from_bytes(message[:4], "big")
    found: list[tuple[dict[str, Any], bytes]] = []
    for heading in json.loads(message[4:end]):
        found.append((heading, message[end : end + heading["size"]]))
        end += heading["size"]
    assert end == len(message)
    return found


def next_pictures(socket: ClientConnection) -> list[tuple[dict[str, Any], bytes]]:
    """The next that are any."""
    while True:
        socket.send("next")
        if found := pictures_of(socket.recv(timeout=20)):
            return found


def test_the_state_as_it_is_when_it_is_asked_for(page: Page) -> None:
    with page.connect("state") as socket:
        first = next_of(socket)
        assert first["state"]["phase"] == "ready" and first["step"] is None and first["arm"]["stopped"] is False
        page.session.become(phase=Phase.RECORDING, gauges=GAUGES, coverage=COVERAGE, wishes=RECORDING)
        page.session.step = make_step(3.0, page.spec)
        second = next_of(socket)
        assert second["state"]["phase"] == "recording"
        assert set(second["state"]["wishes"]) == {str(wish) for wish in RECORDING}
        assert second["state"]["gauges"][2] == {
            "name": "camera skew",
            "value": 41.0,
            "unit": "ms",
            "is_alarming": True,
            "detail": "below 30; check the USB hub",
        }
        assert second["state"]["coverage"][1]["missing"] == "closing near the table"
        assert second["step"]["time"] == 3.0
        assert second["step"]["state"] == pytest.approx(page.session.step.observation.state.tolist(), abs=1e-5)


def test_numbers_that_are_none_do_not_break_the_message(page: Page) -> None:
    step = make_step(3.0, page.spec)
    step.observation.state[1] = np.nan
    page.session.step = step
    with page.connect("state") as socket:
        assert next_of(socket)["step"]["state"][1] is None


def test_a_page_that_asks_for_nothing_is_sent_nothing_and_nobody_waits_for_it(page: Page) -> None:
    with page.connect("state") as slow, page.connect("state") as quick:
        next_of(slow)
        looked = page.session.num_looks
        for _ in range(10):
            next_of(quick)
        assert page.session.num_looks == looked + 10
        page.session.become(phase=Phase.REVIEW)
        assert next_of(slow)["state"]["phase"] == "review"  # the newest, none of those in between
        with pytest.raises(TimeoutError):
            slow.recv(timeout=0.05)


def test_pictures_of_every_camera_as_they_change(page: Page) -> None:
    with page.connect("pictures") as socket:
        page.session.step = make_step(49.5, page.spec, shade=40)
        first = next_pictures(socket)
        assert [heading["camera"] for heading, _ in first] == ["over_shoulder", "wrist"]
        assert first[0][0]["age"] == pytest.approx(0.5)
        page.session.step = make_step(50.0, page.spec, shade=200)
        second = next_pictures(socket)
        shades = [imagecodecs.jpeg8_decode(found[0][1]).mean() for found in (first, second)]
        assert shades == pytest.approx([40, 200], abs=3)
        assert imagecodecs.jpeg8_decode(second[0][1]).shape == (120, 160, 3)


def test_the_same_pictures_are_not_sent_twice(page: Page) -> None:
    page.session.step = make_step(50.0, page.spec)
    with page.connect("pictures") as socket:
        next_pictures(socket)
        socket.send("next")
        assert pictures_of(socket.recv(timeout=20)) == []


def test_large_pictures_are_made_smaller(page: Page) -> None:
    step = make_step(50.0, page.spec)
    page.session.step = make_step(50.0, page.spec)
    images = {"overview": np.zeros((1080, 1920, 3), np.uint8)}
    page.session.step = type(step)(
        observation=type(step.observation)(time=50.0, state=step.observation.state, images=images),
        requested=None,
        sent=None,
    )
    with page.connect("pictures") as socket:
        ((_, jpeg),) = next_pictures(socket)
    assert imagecodecs.jpeg8_decode(jpeg).shape == (360, 640, 3)


def test_wishes_reach_the_session_and_refusals_the_person(page: Page, client: httpx2.Client) -> None:
    answer = client.post("/v1/session/wish", json={"wish": "note", "text": "slipped"}, headers=HEADERS)
    assert answer.json() == {"refused": ""} and page.session.asked == [(Wish.NOTE, "slipped")]
    page.session.refusal = "nothing is recorded"
    answer = client.post("/v1/session/wish", json={"wish": "end"}, headers=HEADERS)
    assert answer.json() == {"refused": "nothing is recorded"}


@pytest.mark.parametrize("body", [{}, {"wish": "fly"}, {"wish": "note", "text": "x" * 2001}, {"wish": 1}, [], "start"])
def test_what_is_no_wish_is_refused(page: Page, client: httpx2.Client, body: object) -> None:
    assert client.post("/v1/session/wish", json=body, headers=HEADERS).status_code == 422
    assert page.session.asked == []


def test_without_the_key_one_may_stop_and_nothing_else(page: Page, client: httpx2.Client) -> None:
    for headers in ({}, {"X-Page-Key": "another"}, {**HEADERS, "Origin": "http://evil.test"}):
        answer = client.post("/v1/session/wish", json={"wish": "start"}, headers=headers)
        assert answer.status_code == 403 and answer.json()["detail"]
        assert client.get("/v1/session", headers=headers).status_code == 403
    for path in ("state", "pictures"):
        with page.connect(path, key="another") as socket, pytest.raises(ConnectionClosed, match=str(WRONG_KEY)):
            socket.recv(timeout=20)
    assert page.session.asked == []
    assert "wish" not in client.get("/").text and "STOP" in client.get("/").text
    assert client.post("/v1/arm/stop").json()["stopped"] is True
    assert page.latch.cause is not None


def test_a_form_without_scripts_stops_and_the_session_hears_of_it(page: Page, client: httpx2.Client) -> None:
    form = client.get("/", params={"key": KEY}).text
    assert '<form id="stop" class="stop" method="post" action="v1/arm/stop"' in form
    answer = client.post("/v1/arm/stop", headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 200 and page.latch.cause is not None
    wait_until(lambda: page.session.asked == [(Wish.STOP, "")])


def test_a_session_that_is_broken_is_stopped_all_the_same(page: Page, client: httpx2.Client) -> None:
    page.session.error = RuntimeError("broken")
    with page.connect("state") as socket:
        socket.send("next")
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=20)
    assert client.post("/v1/arm/stop").json()["stopped"] is True
    assert page.latch.cause is not None


def test_the_wish_to_stop_sets_the_latch_before_the_session_is_asked(page: Page, client: httpx2.Client) -> None:
    page.session.error = RuntimeError("broken")
    assert client.post("/v1/session/wish", json={"wish": "stop"}, headers=HEADERS).status_code == 500
    assert page.latch.cause is not None


def test_facts_and_files(page: Page, client: httpx2.Client) -> None:
    facts = client.get("/v1/session", headers=HEADERS).json()
    assert facts["robot"] == "widowx" and facts["details"]["device"] == "gamepad"
    drawn = [index for group in facts["plots"]["state"] for index in group["indices"]]
    assert drawn == list(range(len(page.spec.state)))
    titles = [(group["title"], group["unit"]) for group in facts["plots"]["state"]]
    assert titles == [("angles", "rad"), ("gripper opening", "1"), ("hand", "m"), ("hand rotation", "1")]
    for name in ("page.css", "operator.css", "operator.js", "link.js", "plot.js", "pictures.js", "stop.js"):
        answer = client.get(f"/files/{name}")
        assert answer.status_code == 200 and answer.headers["cache-control"] == "no-cache"


def test_on_loopback_a_page_may_have_no_key() -> None:
    page = Page(None)
    with PageServer(page.app, ("127.0.0.1", 0)) as server:
        page.url = server.url
        httpx2.post(server.url + "v1/session/wish", json={"wish": "start"}, timeout=20.0).raise_for_status()
        with page.connect("state", key="") as socket:
            assert next_of(socket)["state"]["phase"] == "ready"
    assert page.session.asked == [(Wish.START, "")]
