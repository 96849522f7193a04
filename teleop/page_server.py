"""Serves a page from a thread, beside whatever drives the arm."""

import errno
import ipaddress
import socket
import threading
import time
from types import TracebackType

import uvicorn
from fastapi import FastAPI

from clam_robot.errors import PortInUse, ServerError
from clam_robot.web_socket import WebSocket
from teleop.page_address import TlsFiles

_STARTS_WITHIN = 10.0  # [s]
_LARGEST_MESSAGE = 2**16  # of those that pages send [byte]


class PageServer:
    """An application on an address, from entering to leaving.

    Args:
        app: what is served.
        address: host and port; port 0 takes a free one.
        tls: with it the page is served over TLS.

    Attributes:
        url: where it is reached, once entered.

    Raises:
        ConfigError: the certificate or its key cannot be used.
    """

    def __init__(self, app: FastAPI, address: tuple[str, int], *, tls: TlsFiles | None = None) -> None:
        if tls is not None:
            tls.require_usable()
        self._address = address
        setup = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
            ws=WebSocket,
            ws_max_size=_LARGEST_MESSAGE,
            ws_per_message_deflate=False,
            ssl_certfile=None if tls is None else tls.certificate,
            ssl_keyfile=None if tls is None else tls.key,
        )
        self._server = uvicorn.Server(setup)
        self._thread = threading.Thread(target=self._run, name="page", daemon=True)
        self.url = ""

    def __enter__(self) -> "PageServer":
        self._socket = _bind(*self._address)
        host, port = self._socket.getsockname()[:2]
        if ipaddress.ip_address(host).is_unspecified:  # every address of this machine
            host = _own_address()
        scheme = "https" if self._server.config.is_ssl else "http"
        self.url = f"{scheme}://[{host}]:{port}/" if ":" in host else f"{scheme}://{host}:{port}/"
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


def _own_address() -> str:
    """This machine's address in its network, which phones reach while they may not know its name."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address for documentation: chooses a route, sends nothing
            return probe.getsockname()[0]
        except OSError:
            return socket.gethostname()


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
