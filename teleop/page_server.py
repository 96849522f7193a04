"""Serves a page from a thread, beside whatever drives the arm."""

import errno
import ipaddress
import socket
import threading
import time
from types import TracebackType

import uvicorn
from fastapi import FastAPI

from clam_robot.errors import ConfigError, PortInUse, ServerError

_STARTS_WITHIN = 10.0  # [s]


def parse_address(text: str) -> tuple[str, int]:
    """HOST:PORT.

    Raises:
        ConfigError: it is something else.
    """
    host, colon, port = text.rpartition(":")
    if not (host and colon and port.isdigit() and int(port) < 2**16):
        raise ConfigError(f"expected HOST:PORT such as 127.0.0.1:8080, found {text!r}")
    return host.strip("[]"), int(port)


class PageServer:
    """An application on an address, from entering to leaving.

    Args:
        app: what is served.
        address: host and port; port 0 takes a free one.

    Attributes:
        url: where it is reached, once entered.
    """

    def __init__(self, app: FastAPI, address: tuple[str, int]) -> None:
        self._address = address
        self._server = uvicorn.Server(
            uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1)
        )
        self._thread = threading.Thread(target=self._run, name="page", daemon=True)
        self.url = ""

    def __enter__(self) -> "PageServer":
        self._socket = _bind(*self._address)
        host, port = self._socket.getsockname()[:2]
        if ipaddress.ip_address(host).is_unspecified:  # every address of this machine
            host = socket.gethostname()
        self.url = f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
        self._thread.start()
        deadline = time.monotonic() + _STARTS_WITHIN
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                self._end()
                raise ServerError(f"the page did not start on {self.url}")
            time.sleep(0.005)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=5.0)
        self._socket.close()

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])


def _bind(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(f"port {port} on {host} is taken by another process; choose another") from None
        raise ServerError(f"cannot listen on {host}:{port}: {error.strerror}; choose another address") from error
    return listener
