"""The server as a process: ready, busy, stopped."""

import re
import signal
import threading
from collections.abc import Callable
from typing import Any

import pytest

from clam_robot.errors import PolicyRefused, PolicyUnavailable
from clam_robot.testing.fakes import FakePolicy
from policy_server.app import create_app
from policy_server.client import RemotePolicy
from policy_server.config import ServerConfig
from policy_server.listener import listen
from policy_server.probe import blank_observation
from policy_server.serve import serve


def test_health_is_told_and_ctrl_c_heard_while_an_inference_does_not_end(own_server: Callable[..., Any]) -> None:
    server = own_server()

    def ask() -> None:
        with RemotePolicy(server.url, timeout_s=60.0, max_reconnects=0) as policy, pytest.raises(PolicyUnavailable):
            observation = blank_observation(policy.spec)
            observation.state[0] = 2.0
            policy.infer(observation)

    asking = threading.Thread(target=ask)
    asking.start()
    assert server.read_line() == "asleep"
    for _ in range(5):
        assert server.is_healthy()
    server.send(signal.SIGINT)
    assert server.wait() == 0
    asking.join()
    assert "Traceback" not in server.stderr


def test_a_busy_port_is_one_line_and_the_server_there_lives(
    server: Callable[..., Any], own_server: Callable[..., Any]
) -> None:
    first = server("counting")
    second = own_server("--port", first.port)
    assert second.wait() == 1
    assert second.stderr == (
        f"port {first.port} on 127.0.0.1 is taken by another process; stop it or choose another with --port\n"
    )
    assert first.is_healthy()


def test_a_client_that_is_refused_leaves_no_error_in_the_log(own_server: Callable[..., Any]) -> None:
    server = own_server("--policy", "plain")
    with pytest.raises(PolicyRefused, match="model: expected one of default, other, found 'nobody'"):
        RemotePolicy(server.url, model="nobody", connect_timeout_s=60.0).connect()
    assert server.is_healthy()
    server.send(signal.SIGTERM)
    assert server.wait() == 0
    assert server.stderr == ""


def test_it_serves_where_it_was_told_and_leaves_the_signals_as_they_were() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    app = create_app(FakePolicy)
    urls: list[str] = []

    def stop(url: str) -> None:
        urls.append(url)
        signal.raise_signal(signal.SIGTERM)

    serve(app, ServerConfig(port=0), on_ready=stop)
    listener = listen(ServerConfig(port=0))
    serve(app, ServerConfig(), on_ready=stop, listener=listener)
    assert all(re.fullmatch(r"ws://127\.0\.0\.1:\d+", url) for url in urls)
    assert len(urls) == 2
    assert listener.fileno() == -1
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
