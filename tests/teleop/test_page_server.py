"""A page ends quietly, whatever its viewers are about."""

import socket
import ssl
from pathlib import Path

import trustme
from fastapi import FastAPI, WebSocket

from teleop.page_address import TlsFiles
from teleop.page_server import PageServer


def test_a_page_ends_beside_a_viewer_who_is_leaving(tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    files = tmp_path / "certificate.pem", tmp_path / "key.pem"
    issued.cert_chain_pems[0].write_to_path(files[0])
    issued.private_key_pem.write_to_path(files[1])
    app = FastAPI()

    @app.websocket("/")
    async def listen(viewer: WebSocket) -> None:
        await viewer.accept()
        async for _ in viewer.iter_text():
            pass

    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    page = PageServer(app, ("127.0.0.1", 0), tls=TlsFiles(certificate=files[0], key=files[1]))
    with page:
        port = int(page.url.rsplit(":", 1)[1].rstrip("/"))
        plain = socket.create_connection(("127.0.0.1", port), timeout=10.0)
        viewer = trust.wrap_socket(plain, server_hostname="127.0.0.1")
        viewer.sendall(
            b"GET / HTTP/1.1\r\nHost: page\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        said = b""
        while b"\r\n\r\n" not in said:
            said += viewer.recv(4096)
        viewer.sendall(b"\x88\x80mask")  # it closes the websocket, and leaves the connection open
        while not said.endswith(b"\x88\x00"):
            said += viewer.recv(4096)
    viewer.close()  # an exception in the page's thread would fail the test
