"""A page ends quietly, whatever its viewers are about."""

import socket

from fastapi import FastAPI, WebSocket

from teleop.page_server import PageServer


def test_a_page_ends_beside_a_viewer_who_never_answers_that_it_closes() -> None:
    app = FastAPI()

    @app.websocket("/")
    async def close(viewer: WebSocket) -> None:
        await viewer.accept()
        await viewer.close()

    page = PageServer(app, ("127.0.0.1", 0))
    with page:
        port = int(page.url.rsplit(":", 1)[1].rstrip("/"))
        viewer = socket.create_connection(("127.0.0.1", port), timeout=10.0)
        viewer.sendall(
            b"GET / HTTP/1.1\r\nHost: page\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        said = b""
        while not said.endswith(b"\x88\x02\x03\xe8"):  # closes, without a reason
            said += viewer.recv(4096)
    viewer.close()  # an exception in the page's thread would fail the test
