"""The side channel of the twin: what no cable of the real arm carries, over loopback TCP.

Both sides send msgpack maps one after the other, nothing between them. A request names what to do and its arguments,
an answer has its `id` and either a result or an error; answers come in the order of the requests.

    -> {"id": 1, "do": "fault", "arguments": {"name": "lost", "servo": "elbow"}}
    <- {"id": 1, "result": null}
    -> {"id": 2, "do": "frame", "arguments": {"camera": "nose", "height": 48, "width": 64}}
    <- {"id": 2, "error": "no camera 'nose'; there are over_shoulder, wrist"}

What can be done, with arguments and results, is in `twin_requests`.
"""

import contextlib
import logging
import selectors
import socket
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, cast

import msgpack

from clam_robot.errors import ClamRobotError

logger = logging.getLogger(__name__)

HOST = "127.0.0.1"
_CHUNK = 65_536
_LARGEST_REQUEST = 1 << 20  # [byte]
_LARGEST_BACKLOG = 1 << 26  # of answers that a client does not read [byte]

Handler = Callable[..., Any]  # its result may be a Future


class ControlChannel:
    """Listens for clients and answers them, inside the loop of whoever owns the selector.

    Attributes:
        address: host and port it listens on.
    """

    def __init__(self, handlers: Mapping[str, Handler], selector: selectors.BaseSelector, *, port: int = 0) -> None:
        """Listen.

        Args:
            handlers: by what a request asks to do; arguments are passed by name.
            selector: whose events call back.
            port: on the loopback interface, 0 for any free one.

        Raises:
            OSError: the port is taken.
        """
        self._handlers = handlers
        self._selector = selector
        self._clients: set[_Client] = set()
        self._listener = socket.create_server((HOST, port))
        self._listener.setblocking(False)
        self._waker, self._woken = socket.socketpair()
        self._woken.setblocking(False)
        self.address: tuple[str, int] = self._listener.getsockname()
        selector.register(self._listener, selectors.EVENT_READ, self._accept)
        selector.register(self._woken, selectors.EVENT_READ, self._flush)

    def wake(self) -> None:
        """Say from another thread that a pending result is there."""
        with contextlib.suppress(OSError):  # the channel is closing
            self._waker.send(b"\0")

    def close(self) -> None:
        """Hang up on everybody."""
        for client in list(self._clients):
            self._drop(client)
        for end in (self._listener, self._woken):
            self._selector.unregister(end)
            end.close()
        self._waker.close()

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client = _Client(connection)
        self._clients.add(client)
        self._selector.register(connection, selectors.EVENT_READ, lambda: self._serve(client))

    def _serve(self, client: "_Client") -> None:
        try:
            for request in client.requests():
                client.pending.append((request.get("id"), self._answer(request)))
            self._send(client)
        except (OSError, EOFError):
            self._drop(client)
        except (ValueError, msgpack.UnpackException, msgpack.BufferFull) as error:
            logger.warning("a client of the side channel does not speak msgpack maps (%s); hung up", error)
            self._drop(client)

    def _answer(self, request: Mapping[str, Any]) -> "Future[Any]":
        answer: Future[Any] = Future()
        name, arguments = request.get("do"), request.get("arguments") or {}
        handler = self._handlers.get(name) if isinstance(name, str) else None
        try:
            if handler is None:
                raise ClamRobotError(f"cannot do {name!r}; there are {', '.join(self._handlers)}")
            result = handler(**arguments)
        except (ClamRobotError, TypeError, ValueError, KeyError) as error:
            answer.set_exception(error)
            return answer
        if isinstance(result, Future):
            return result
        answer.set_result(result)
        return answer

    def _flush(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._woken.recv(_CHUNK)
        for client in list(self._clients):
            try:
                self._send(client)
            except (OSError, EOFError):
                self._drop(client)

    def _send(self, client: "_Client") -> None:
        client.send()
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.has_unsent else 0)
        self._selector.modify(client.connection, events, lambda: self._serve(client))

    def _drop(self, client: "_Client") -> None:
        self._clients.discard(client)
        self._selector.unregister(client.connection)
        client.connection.close()


class _Client:
    """One connection: half-read requests, pending and half-sent answers."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.pending: deque[tuple[Any, Future[Any]]] = deque()
        self._unpacker = msgpack.Unpacker(max_buffer_size=_LARGEST_REQUEST)
        self._unsent = b""

    @property
    def has_unsent(self) -> bool:
        """Whether the socket was too full for everything."""
        return bool(self._unsent)

    def requests(self) -> list[Mapping[str, Any]]:
        """Requests that have arrived whole.

        Raises:
            EOFError: the client has hung up.
            ValueError: what it sends is not a map.
        """
        with contextlib.suppress(BlockingIOError):
            data = self.connection.recv(_CHUNK)
            if not data:
                raise EOFError
            self._unpacker.feed(data)
        requests: list[Mapping[str, Any]] = []
        for request in self._unpacker:
            if not isinstance(request, dict):
                raise ValueError(f"expected a map, found {type(request).__name__}")
            requests.append(request)
        return requests

    def send(self) -> None:
        """Send answers that are there, in order, as far as the socket takes them.

        Raises:
            EOFError: the client has stopped reading.
        """
        while self.pending and self.pending[0][1].done():
            request_id, answer = self.pending.popleft()
            error = answer.exception()
            body = {"result": answer.result()} if error is None else {"error": str(error)}
            self._unsent += cast(bytes, msgpack.packb({"id": request_id, **body}))
        with contextlib.suppress(BlockingIOError):
            while self._unsent:
                self._unsent = self._unsent[self.connection.send(self._unsent) :]
        if len(self._unsent) > _LARGEST_BACKLOG:
            raise EOFError("the client does not read")
