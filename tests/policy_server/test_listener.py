"""The address is taken first, and errors say which and what to do."""

import socket

import pytest

from clam_robot.errors import PortInUse, ServerError
from policy_server.config import ServerConfig
from policy_server.listener import listen


def test_a_free_port_is_taken() -> None:
    with listen(ServerConfig(port=0)) as listener:
        host, port = listener.getsockname()
        assert host == "127.0.0.1"
        with socket.create_connection((host, port)):
            pass


def test_a_busy_port_is_named_with_its_remedy() -> None:
    with listen(ServerConfig(port=0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(PortInUse) as refusal:
            listen(ServerConfig(port=port))
    assert str(refusal.value) == (
        f"port {port} on 127.0.0.1 is taken by another process; stop it or choose another with --port"
    )


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::"])
def test_the_network_is_refused_while_there_are_no_keys(host: str) -> None:
    with pytest.raises(ServerError, match=r"without keys: .* `clam keys add NAME`"):
        listen(ServerConfig(host=host, port=0))


def test_an_address_that_cannot_be_had_is_named() -> None:
    with pytest.raises(ServerError, match=r"cannot listen on port 0 on ::1%nosuch: .*; choose another with --host"):
        listen(ServerConfig(host="::1%nosuch", port=0))
