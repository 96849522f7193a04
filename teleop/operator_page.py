"""The operator's page of a recording session: what happens, as it happens, and the buttons of whoever records.

Session and pictures come over WebSockets in lock step: the page asks for the next message when it has shown the last
one, and gets the newest. So a slow phone sees less, and nothing waits for it. Wishes and the stop are plain requests.
The session is asked in threads of their own: where it hangs, the stop goes on working.
"""

import asyncio
from collections.abc import Awaitable, Callable
from html import escape
from typing import Annotated

from fastapi import FastAPI, Query, Request, WebSocket, WebSocketDisconnect
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from clam_robot import __version__
from clam_robot.hardware.stop_latch import StopLatch
from clam_robot.specs import RobotSpec
from clam_robot.timing import Clock, MonotonicClock
from teleop.page_files import add_files, read_page
from teleop.page_key import PageKey
from teleop.picture_feed import PictureFeed, Pictures
from teleop.session_state import SessionControl, Wish
from teleop.session_view import PlotGroup, plot_groups, session_message
from teleop.stop_page import stop_page
from teleop.stop_routes import stop_routes

_LOOKS_EVERY = 0.03  # for a new picture [s]
_LOOKS = 30  # before a message without pictures, which finds out whether the page is still there
_READS_WITHIN = 10.0  # a page that takes longer for one message has gone [s]


class Asked(BaseModel):
    """What a person asks for.

    Attributes:
        wish: which.
        text: of a note or a task.
    """

    wish: Wish
    text: str = Field(default="", max_length=2000)


class Answer(BaseModel):
    """What became of a wish.

    Attributes:
        refused: why it is not done; empty when it is.
    """

    refused: str


class SessionFacts(BaseModel):
    """What does not change while a session runs.

    Attributes:
        robot: its name.
        control_hz: control periods a second.
        details: name to text.
        plots: how the entries of "state" and "action" are drawn.
    """

    robot: str
    control_hz: float
    details: dict[str, str]
    plots: dict[str, tuple[PlotGroup, ...]]


def operator_page(
    control: SessionControl,
    *,
    spec: RobotSpec,
    latch: StopLatch,
    key: str | None,
    clock: Clock | None = None,
    state_hz: float = 8.0,
    picture_hz: float = 10.0,
) -> FastAPI:
    """The page and its requests. Anybody may stop; who has the key sees the session and may ask for the rest.

    Args:
        control: of the session.
        spec: of the robot.
        latch: what the stop button sets, whatever the session does.
        key: what the page's address carries as `?key=`; None only on loopback.
        clock: that observations are stamped by.
        state_hz: most messages a second to one page.
        picture_hz: most pictures of each camera a second to one page.
    """
    page_key, feed = PageKey(key), PictureFeed(control, clock or MonotonicClock())
    app = FastAPI(title=f"clam-robot: recording with {spec.name}", version=__version__)
    app.include_router(stop_routes(latch, on_stop=lambda: control.ask(Wish.STOP)))
    add_files(app)

    @app.get("/", response_class=HTMLResponse)
    async def page(key: Annotated[str, Query()] = "") -> str:
        """For people; a stop button alone without the key."""
        if page_key.is_fitting(key):
            return read_page("operator.html", NAME=escape(spec.name))
        return stop_page(spec.name, can_clear=False)

    @app.get("/v1/session")
    def facts(request: Request) -> SessionFacts:
        """What does not change."""
        page_key.require(request)
        return SessionFacts(
            robot=spec.name, control_hz=spec.control_hz, details=dict(control.details), plots=plot_groups(spec)
        )

    @app.post("/v1/session/wish")
    def ask(request: Request, asked: Asked) -> Answer:
        """Ask for something."""
        page_key.require(request)
        if asked.wish is Wish.STOP:
            latch.stop(detail="asked for on the operator's page")
        return Answer(refused=control.ask(asked.wish, asked.text))

    @app.websocket("/v1/session/state")
    async def state(websocket: WebSocket) -> None:
        """`SessionView`s."""

        async def newest() -> str:
            return await asyncio.to_thread(session_message, control, latch)

        if await page_key.admit(websocket):
            await _in_lock_step(websocket, newest, 1.0 / state_hz)

    @app.websocket("/v1/session/pictures")
    async def pictures(websocket: WebSocket) -> None:
        """Pictures of all cameras whenever one has a new one, and none of any now and then while there is none."""
        seen: Pictures | None = None

        async def newest() -> bytes:
            nonlocal seen
            for _ in range(_LOOKS):
                found = await feed.newer_than(seen)
                if found is not None:
                    seen = found
                    return feed.message(found)
                await asyncio.sleep(_LOOKS_EVERY)
            return feed.nothing()

        if await page_key.admit(websocket):
            await _in_lock_step(websocket, newest, 1.0 / picture_hz)

    return app


async def _in_lock_step(websocket: WebSocket, newest: Callable[[], Awaitable[str | bytes]], period: float) -> None:
    """Send the newest message for every message that comes, one each `period` [s] at most, until the page leaves."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    try:
        while (await websocket.receive())["type"] != "websocket.disconnect":
            await asyncio.sleep(due - loop.time())
            due = loop.time() + period
            message = await newest()
            async with asyncio.timeout(_READS_WITHIN):
                await (websocket.send_text(message) if isinstance(message, str) else websocket.send_bytes(message))
    except (WebSocketDisconnect, TimeoutError):
        return
