"""A client of a WebSocket over TLS that says goodbye and does not hang up."""

import socket
import ssl


def say_goodbye(url: str, trust: ssl.SSLContext) -> ssl.SSLSocket:
    """Connect, close the WebSocket, and leave the connection open.

    Args:
        url: as wss://127.0.0.1:PORT/path.
        trust: who signs.
    """
    host, _, path = url.split("://")[1].partition("/")
    name, port = host.split(":")
    client = trust.wrap_socket(socket.create_connection((name, int(port)), timeout=60.0), server_hostname=name)
    client.sendall(
        f"GET /{path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    _hear(client, b"\r\n\r\n")
    client.sendall(b"\x88\x82mask" + bytes(a ^ b for a, b in zip(b"\x03\xe8", b"mask", strict=False)))
    _hear(client, b"\x88\x02\x03\xe8")
    return client


def _hear(client: ssl.SSLSocket, words: bytes) -> None:
    said = b""
    while words not in said:
        more = client.recv(4096)
        assert more, said
        said += more
