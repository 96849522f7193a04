"""The TCP connection below a WebSocket."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit


class Line:
    """A TCP connection that can be cut, whoever reads from it.

    Over TLS a thread may be inside a read for which there are bytes on the wire, such as a session ticket, but none for
    the reader; closing the socket does not end that read, and who waits for the thread waits for ever.

    Args:
        url: ws:// or wss:// address.
        timeout: longest wait for the connection [s].

    Attributes:
        socket: for whoever speaks; theirs to close.

    Raises:
        OSError: nothing listens there, or the address does not exist.
    """

    def __init__(self, url: str, timeout: float) -> None:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "wss" else 80)
        self.socket = socket.create_connection((parts.hostname, port), timeout)
        self.socket.settimeout(None)
        self._own = self.socket.dup()

    @contextmanager
    def cut_after(self, seconds: float) -> Iterator[None]:
        """Cut it when the block takes longer than this [s]."""
        scissors = threading.Timer(seconds, self._cut)
        scissors.daemon = True
        scissors.start()
        try:
            yield
        finally:
            scissors.cancel()

    def close(self) -> None:
        """Let it go."""
        self._cut()
        self._own.close()

    def _cut(self) -> None:
        with suppress(OSError):
            self._own.shutdown(socket.SHUT_RDWR)
