"""Runs an application until it is asked to stop."""

import contextlib
import logging
import math
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any, cast

import uvicorn
from fastapi import FastAPI

from clam_robot.web_socket import WebSocket
from policy_server.config import ServerConfig
from policy_server.listener import listen
from policy_server.punctual_http import punctual_http

logger = logging.getLogger(__name__)


def serve(
    app: FastAPI,
    config: ServerConfig,
    *,
    on_ready: Callable[[str], None] | None = None,
    listener: socket.socket | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM, then finish what is running and return.

    Args:
        app: from `create_app`.
        config: address and limits.
        on_ready: told the WebSocket URL as soon as clients are answered.
        listener: from `listen(config)`, for whoever does slow work between the two; closed at the end.

    Raises:
        PortInUse: another process listens there.
        ServerError: others than this machine could reach it and there are no keys, or the address cannot be had.
    """
    with listener or listen(config) as sock:
        server = _Server(_uvicorn_config(app, config), on_ready or _log_ready)
        with _stops_on_signals(server), _without_false_alarms():
            server.run(sockets=[sock])


class _Server(uvicorn.Server):
    """Tells when it is ready, and where."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[str], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        host, port = (sockets or [])[0].getsockname()[:2]
        scheme = "wss" if self.config.is_ssl else "ws"
        self._on_ready(f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}")


def _uvicorn_config(app: FastAPI, config: ServerConfig) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=cast("Any", punctual_http(config.send_timeout)),  # declared as a class, called as a function
        ws=WebSocket,
        ws_max_size=config.max_frame_bytes,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=math.ceil(config.shutdown_timeout),
        ssl_certfile=config.tls_certificate,
        ssl_keyfile=config.tls_key,
        log_config=None,
        access_log=False,
    )


def _log_ready(url: str) -> None:
    logger.info("serving on %s", url)


@contextlib.contextmanager
def _without_false_alarms() -> Iterator[None]:
    """Uvicorn takes a handshake that is refused in words for one that was forgotten: an error for every wrong key."""
    alarms = logging.getLogger("uvicorn.error")

    def is_true(record: logging.LogRecord) -> bool:
        return record.msg != "ASGI callable returned without completing handshake."

    alarms.addFilter(is_true)
    try:
        yield
    finally:
        alarms.removeFilter(is_true)


@contextlib.contextmanager
def _stops_on_signals(server: uvicorn.Server) -> Iterator[None]:
    # Once stopped, uvicorn raises the signal again for whoever had a handler before; without one of ours that would
    # be a KeyboardInterrupt out of a clean shutdown.
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = {number: signal.signal(number, server.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
