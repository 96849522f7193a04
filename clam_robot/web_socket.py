"""uvicorn's WebSocket, for servers that end while others are leaving."""

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import State


class WebSocket(WebSocketsSansIOProtocol):
    """One whose end a server may reach after its client's: uvicorn would say goodbye once more, and fail."""

    def shutdown(self) -> None:
        if self.handshake_complete and self.conn.state is not State.OPEN:
            self.stop_keepalive()
            self.transport.abort()
        else:
            super().shutdown()
