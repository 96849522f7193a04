"""The page that a phone or tablet drives with, and its connection."""

import asyncio

from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from fastapi.responses import HTMLResponse
from pydantic import BaseModel

from clam_robot import __version__
from teleop.page_files import add_files, read_page
from teleop.page_key import PageKey
from teleop.phone_config import PhoneConfig
from teleop.phone_link import PhoneLink

TICK_HZ = 30.0
_SENDS_WITHIN = 2.0  # a phone that reads nothing for longer has gone [s]
# Close code: another phone drives.
TAKEN = 4409


class Tick(BaseModel):
    """What the page is told all the time.

    Attributes:
        number: to be said back.
        age: of what the page said last, there and back [s]; None before.
        max_age: at which it moves nothing any more [s].
    """

    number: int
    age: float | None
    max_age: float


class Stopped(BaseModel):
    """The answer to a stop.

    Attributes:
        stopped: the robot's program was told.
    """

    stopped: bool = True


def phone_page(link: PhoneLink, setup: PhoneConfig, key: str) -> FastAPI:
    """The page, its connection under /v1/phone and the stop. Anybody may stop; who has the key may drive.

    Args:
        link: what is told.
        setup: of the device.
        key: what the page's address carries as `?key=`.
    """
    page_key = PageKey(key)
    app = FastAPI(title="clam-robot: drive by phone", version=__version__)
    add_files(app)

    @app.get("/", response_class=HTMLResponse)
    async def page() -> str:
        """For people."""
        return read_page("phone.html")

    @app.post("/v1/arm/stop")
    async def stop() -> Stopped:
        """Stop the robot."""
        link.stop()
        return Stopped()

    @app.websocket("/v1/phone")
    async def drive(websocket: WebSocket) -> None:
        """`PhoneMessage`s one way, `Tick`s the other."""
        if not await page_key.admit(websocket):
            return
        phone = link.connect()
        if phone is None:
            await websocket.close(TAKEN, "another phone drives")
            return
        ticking = asyncio.create_task(_tick(websocket, link, phone, setup))
        try:
            while (message := await websocket.receive())["type"] != "websocket.disconnect":
                link.hear(phone, message.get("text") or message.get("bytes") or "")
        finally:
            link.disconnect(phone)
            ticking.cancel()

    return app


async def _tick(websocket: WebSocket, link: PhoneLink, phone: int, setup: PhoneConfig) -> None:
    """Send ticks until the phone is gone, reads nothing, or another one has taken over."""
    try:
        while (number := link.tick(phone)) is not None:
            tick = Tick(number=number, age=link.age(), max_age=setup.max_age)
            async with asyncio.timeout(_SENDS_WITHIN):
                await websocket.send_text(tick.model_dump_json())
            await asyncio.sleep(1.0 / TICK_HZ)
        await websocket.close(TAKEN, "another phone drives")
    except (WebSocketDisconnect, TimeoutError, RuntimeError):  # the last: closed in between
        link.disconnect(phone)
