"""Two copies of the server on a Ray cluster of this machine."""

import signal
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from policy_server.client import RemotePolicy
from policy_server.probe import blank_observation
from policy_server.stream_client import StreamPolicy

PATIENCE = 120.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def who(policy: RemotePolicy) -> float:
    chunk = policy.infer(blank_observation(policy.spec))
    assert chunk.latent_actions is not None
    return float(chunk.latent_actions[0, 0])


@pytest.mark.slow
@pytest.mark.e2e
@pytest.mark.xdist_group("ray")
def test_two_replicas_answer_robots_of_both_protocols(own_server: Callable[..., Any]) -> None:
    server = own_server("--policy", "pid", "--replicas", "2", "--port", str(free_port()))
    assert server.url.startswith("ws://"), server.stderr
    answered: set[float] = set()
    deadline = time.monotonic() + PATIENCE
    while len(answered) < 2:  # each connection goes to the copy with less to do, or by lot
        assert time.monotonic() < deadline, answered
        with RemotePolicy(server.url, timeout_s=PATIENCE) as policy:
            first = who(policy)
            assert who(policy) == first  # a connection stays where it is
            answered.add(first)
    with StreamPolicy(server.url, timeout_s=PATIENCE) as streaming:
        streaming.submit(blank_observation(streaming.spec))
        while (found := streaming.poll()) is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert found.latent_actions is not None
        assert float(found.latent_actions[0, 0]) in answered
    server.send(signal.SIGINT)
    assert server.wait() == 0, server.stderr


def test_replicas_need_a_port(own_server: Callable[..., Any]) -> None:
    server = own_server("--replicas", "2", "--port", "0")
    assert server.wait() != 0
    assert "expected a port for several replicas" in server.stderr
