"""The stop over HTTP, from a server in a thread beside the loop."""

from collections.abc import Iterator

import httpx2
import pytest

from clam_robot.errors import PortInUse
from clam_robot.hardware.safety_rules import Reason
from clam_robot.hardware.stop_latch import StopLatch
from teleop.page_server import PageServer
from teleop.stop_page import create_stop_app

KEY = "of this run"


@pytest.fixture
def latch() -> StopLatch:
    return StopLatch()


@pytest.fixture
def client(latch: StopLatch) -> Iterator[httpx2.Client]:
    app, _ = create_stop_app(latch, name="arm <1>", key=KEY)
    with PageServer(app, ("127.0.0.1", 0)) as server, httpx2.Client(base_url=server.url, timeout=20.0) as client:
        yield client


def test_anybody_may_stop(client: httpx2.Client, latch: StopLatch) -> None:
    assert client.get("/v1/arm").json() == {"stopped": False, "reason": None, "detail": None}
    assert client.post("/v1/arm/stop").json() == {
        "stopped": True,
        "reason": "stopped",
        "detail": "asked for over HTTP",
    }
    assert latch.cause is not None and latch.cause.reason is Reason.STOPPED


def test_only_the_key_clears(client: httpx2.Client, latch: StopLatch) -> None:
    latch.stop(Reason.OVERLOAD, "elbow pushes")
    given: tuple[dict[str, str], ...] = ({}, {"X-Page-Key": "another"}, {"X-Page-Key": ""})
    for headers in given:
        answer = client.post("/v1/arm/clear", headers=headers)
        assert answer.status_code == 403 and "X-Page-Key" in answer.json()["detail"]
    assert client.get("/v1/arm").json() == {"stopped": True, "reason": "overload", "detail": "elbow pushes"}
    assert client.post("/v1/arm/clear", headers={"X-Page-Key": KEY}).json()["stopped"] is False
    assert latch.cause is None


def test_the_page_offers_to_clear_to_whom_has_the_key_and_takes_names_as_text(client: httpx2.Client) -> None:
    with_key, without = client.get("/", params={"key": KEY}).text, client.get("/").text
    assert "canClear = true" in with_key and "canClear = false" in without
    assert "<h1>arm &lt;1&gt;</h1>" in without
    assert KEY not in with_key and KEY not in without


def test_a_get_stops_nothing_as_browsers_fetch_ahead(client: httpx2.Client, latch: StopLatch) -> None:
    assert client.get("/v1/arm/stop").status_code == 405
    assert latch.cause is None


def test_keys_are_new_for_every_run(latch: StopLatch) -> None:
    assert create_stop_app(latch, name="arm")[1] != create_stop_app(latch, name="arm")[1]


def test_a_port_that_is_taken_is_said(client: httpx2.Client, latch: StopLatch) -> None:
    app, _ = create_stop_app(latch, name="arm")
    with (
        pytest.raises(PortInUse, match="taken by another process"),
        PageServer(app, ("127.0.0.1", client.base_url.port or 0)),
    ):
        pass
