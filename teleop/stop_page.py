"""The software stop on a page, for a phone beside the arm, and for programs over HTTP."""

from html import escape
from typing import Annotated

from fastapi import FastAPI, Query, Request
from fastapi.responses import HTMLResponse

from clam_robot import __version__
from clam_robot.hardware.stop_latch import StopLatch
from teleop.page_files import read_page
from teleop.page_key import PageKey, new_secret
from teleop.stop_routes import ArmStatus, stop_routes


def create_stop_app(latch: StopLatch, *, name: str, key: str | None = None) -> tuple[FastAPI, str]:
    """The page and its requests. Anybody may stop; only who has the key may clear.

    Args:
        latch: what is set and cleared.
        name: of the arm, for people.
        key: a new one by default.

    Returns:
        The application, and the key.
    """
    secret = key or new_secret()
    page_key = PageKey(secret)
    app = FastAPI(title=f"clam-robot: stop of {name}", version=__version__)
    app.include_router(stop_routes(latch))

    @app.get("/", response_class=HTMLResponse)
    async def page(key: Annotated[str, Query()] = "") -> str:
        """For people."""
        return stop_page(name, can_clear=page_key.is_fitting(key))

    @app.post("/v1/arm/clear")
    async def clear(request: Request) -> ArmStatus:
        """Clear the stop; whoever clears has looked at the arm."""
        page_key.require(request)
        latch.clear()
        return ArmStatus.of(latch)

    return app, secret


def stop_page(name: str, *, can_clear: bool) -> str:
    """A page that stops and nothing else, whole in one file.

    Args:
        name: of the arm.
        can_clear: whether it offers to clear a stop, which needs the key in its address.
    """
    return read_page("stop.html", NAME=escape(name), CAN_CLEAR="true" if can_clear else "false")
