"""A phone that holds a finger where a test wants it, over a real connection."""

import json
import ssl
import threading
from contextlib import ExitStack
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

REST = [0.0] * 6


class FakePhone:
    """Answers every tick, until it is hung up.

    Attributes:
        says: fields of its next messages; `events` and `gripper` are said once.
        closed: code that the connection was closed with; None while it is open.
    """

    def __init__(self, url: str, *, tls: ssl.SSLContext | None = None) -> None:
        self.says: dict[str, Any] = {"twist": REST, "clutch": False}
        self.closed: int | None = None
        page, _, query = url.partition("?")
        address = page.replace("http", "ws", 1) + "v1/phone?" + query
        self._stack = ExitStack()
        self._socket = self._stack.enter_context(connect(address, ssl=tls, open_timeout=20))
        self._thread = threading.Thread(target=self._run, name="phone", daemon=True)
        self._thread.start()

    def say(self, **fields: object) -> None:
        self.says = {**self.says, **fields}

    def send(self, frame: str | bytes) -> None:
        """Anything, between two messages."""
        self._socket.send(frame)

    def hang_up(self) -> None:
        self._stack.close()
        self._thread.join(20.0)

    def _run(self) -> None:
        number = 0
        try:
            for text in self._socket:
                number += 1
                said, self.says = self.says, {k: v for k, v in self.says.items() if k not in ("events", "gripper")}
                self._socket.send(json.dumps({"number": number, "seen": json.loads(text)["number"], **said}))
        except ConnectionClosed:
            pass
        self.closed = self._socket.close_code
