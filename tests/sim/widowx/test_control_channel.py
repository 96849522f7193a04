import selectors
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import msgpack
import pytest

from clam_robot.errors import ConfigError
from sim.widowx.control_channel import ControlChannel


class Server:
    """A channel in a thread of its own."""

    def __init__(self) -> None:
        self.promised: Future[str] = Future()
        self.selector = selectors.DefaultSelector()
        self.channel = ControlChannel(
            {"echo": lambda word: word, "refuse": self.refuse, "promise": lambda: self.promised, "big": self.big},
            self.selector,
        )
        self.is_stopped = False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def refuse(self) -> None:
        raise ConfigError("not today")

    def big(self, size: int) -> bytes:
        return bytes(size)

    def run(self) -> None:
        while not self.is_stopped:
            for key, _ in self.selector.select(0.05):
                key.data()

    def close(self) -> None:
        self.is_stopped = True
        self.thread.join()
        self.channel.close()
        self.selector.close()


class Client:
    def __init__(self, server: Server) -> None:
        self.socket = socket.create_connection(server.channel.address, timeout=20.0)
        self.unpacker = msgpack.Unpacker(max_buffer_size=1 << 26)

    def send(self, **request: Any) -> None:  # noqa: ANN401
        self.socket.sendall(msgpack.packb(request))

    def receive(self) -> dict[str, Any]:
        while True:
            for answer in self.unpacker:
                return answer
            data = self.socket.recv(65_536)
            if not data:
                raise EOFError
            self.unpacker.feed(data)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    client = Client(server)
    yield client
    client.socket.close()


def test_request_is_answered_with_its_id(client: Client) -> None:
    client.send(id=7, do="echo", arguments={"word": "ho"})
    assert client.receive() == {"id": 7, "result": "ho"}


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"do": "refuse"}, "not today"),
        ({"do": "sing"}, "there are echo, refuse"),
        ({"do": ["echo"]}, "cannot do"),
        ({}, "cannot do None"),
        ({"do": "echo"}, "word"),
        ({"do": "echo", "arguments": {"word": 1, "more": 2}}, "more"),
    ],
)
def test_what_cannot_be_done_is_said_and_the_line_stays_open(
    client: Client, request_: dict[str, Any], words: str
) -> None:
    client.send(id=1, **request_)
    assert words in client.receive()["error"]
    client.send(id=2, do="echo", arguments={"word": "still there"})
    assert client.receive()["result"] == "still there"


def test_answers_come_in_order_even_if_the_first_takes_long(server: Server, client: Client) -> None:
    client.send(id=1, do="promise")
    client.send(id=2, do="echo", arguments={"word": "quick"})
    server.promised.set_result("slow")
    server.channel.wake()
    assert [client.receive()["result"] for _ in range(2)] == ["slow", "quick"]


def test_slow_answer_to_one_client_does_not_keep_another_waiting(server: Server, client: Client) -> None:
    client.send(id=1, do="promise")
    other = Client(server)
    other.send(id=1, do="echo", arguments={"word": "me first"})
    assert other.receive()["result"] == "me first"
    other.socket.close()
    server.promised.set_result("done")
    server.channel.wake()
    assert client.receive()["result"] == "done"


def test_answer_larger_than_the_socket_takes_arrives_whole(client: Client) -> None:
    client.send(id=1, do="big", arguments={"size": 20_000_000})
    assert len(client.receive()["result"]) == 20_000_000


@pytest.mark.parametrize("garbage", [b"\xc1", b"\x05", b"GET / HTTP/1.1\r\n\r\n"])
def test_client_that_talks_nonsense_is_hung_up_on(server: Server, client: Client, garbage: bytes) -> None:
    client.socket.sendall(garbage)
    with pytest.raises(EOFError):
        client.receive()
    other = Client(server)
    other.send(id=1, do="echo", arguments={"word": "fine"})
    assert other.receive()["result"] == "fine"
    other.socket.close()


def test_client_that_leaves_while_it_waits_is_forgotten(server: Server, client: Client) -> None:
    leaver = Client(server)
    leaver.send(id=1, do="promise")
    leaver.socket.close()
    server.promised.set_result("for nobody")
    server.channel.wake()
    client.send(id=1, do="echo", arguments={"word": "fine"})
    assert client.receive()["result"] == "fine"
