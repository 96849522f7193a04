"""uvicorn's HTTP, for a server that trusts nobody: a connection that says nothing is not kept."""

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class PunctualHttp(HttpToolsProtocol):
    """Closes a connection whose first request does not begin in time: silent ones would use up the process's files.

    Args:
        patience: longest wait for the head of the first request [s].
        told: what uvicorn tells its protocols.
    """

    def __init__(self, patience: float, **told: Any) -> None:  # noqa: ANN401
        super().__init__(**told)
        self._patience = patience
        self._giving_up: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 - uvloop's transports are none of asyncio's
        """Begin to wait."""
        super().connection_made(transport)
        self._giving_up = self.loop.call_later(self._patience, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        if self._giving_up is not None:
            self._giving_up.cancel()
        super().connection_lost(exc)

    def _give_up(self) -> None:
        is_upgraded = self.transport.get_protocol() is not self
        if self.cycle is None and not is_upgraded:
            self.transport.close()


def punctual_http(patience: float) -> Callable[..., PunctualHttp]:
    """The protocol for uvicorn, with its patience [s]."""

    def make(**told: Any) -> PunctualHttp:  # noqa: ANN401
        return PunctualHttp(patience, **told)

    return make
