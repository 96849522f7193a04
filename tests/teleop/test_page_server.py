"""A page ends quietly, whatever its viewers are about."""

import ssl
from pathlib import Path

import trustme
from fastapi import FastAPI, WebSocket

from teleop.page_address import TlsFiles
from teleop.page_server import PageServer
from tests.leaving_client import say_goodbye


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
        viewer = say_goodbye(page.url, trust)
    viewer.close()  # an exception in the page's thread would fail the test
