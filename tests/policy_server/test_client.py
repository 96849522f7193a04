"""A policy in another process: the contract, and everything that can happen on the way."""

import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from clam_robot.errors import ConfigError, PolicyRefused, PolicyUnavailable
from clam_robot.interfaces import Policy
from clam_robot.testing.contracts import PolicyContract
from clam_robot.testing.fakes import fake_spec
from clam_robot.timing import ManualClock
from clam_robot.types import Observation
from policy_server.client import RemotePolicy
from policy_server.config import ServerConfig
from policy_server.listener import listen
from policy_server.probe import blank_observation

PATIENCE = 60.0


class RemoteContract(PolicyContract):
    """The contract of policies, over the wire."""

    policy: str

    @pytest.fixture(autouse=True)
    def _serve(self, server: Callable[..., Any]) -> Iterator[None]:
        self._url = server(self.policy).url
        self._open: list[RemotePolicy] = []
        yield
        for policy in self._open:
            policy.close()

    def make_policy(self) -> Policy:
        self._open.append(RemotePolicy(self._url, timeout_s=PATIENCE, connect_timeout_s=PATIENCE))
        self._open[-1].connect()
        return self._open[-1]


class TestRemotePolicyWithHistory(RemoteContract):
    policy = "counting"


class TestRemotePolicyWithCameras(RemoteContract):
    policy = "two-cameras"


@pytest.fixture
def counting(server: Callable[..., Any]) -> Iterator[RemotePolicy]:
    with RemotePolicy(server("counting").url, timeout_s=PATIENCE, connect_timeout_s=PATIENCE) as policy:
        yield policy


def count(policy: RemotePolicy, time: float = 0.0) -> int:
    """How many observations the server's policy has seen in this episode, this one included."""
    chunk = policy.infer(replace(blank_observation(policy.spec), time=time))
    assert chunk.latent_actions is not None
    return round(float(chunk.latent_actions[0, 0]))


def trouble(kind: int, policy: RemotePolicy) -> Observation:
    observation = blank_observation(policy.spec)
    observation.state[0] = kind
    return observation


def test_reset_goes_over_the_wire(counting: RemotePolicy) -> None:
    assert [count(counting) for _ in range(3)] == [1, 2, 3]
    counting.reset()
    assert [count(counting) for _ in range(2)] == [1, 2]


def test_robots_never_share_history(counting: RemotePolicy, server: Callable[..., Any]) -> None:
    with RemotePolicy(server("counting").url) as other:
        assert [count(counting), count(counting), count(other), count(counting)] == [1, 2, 1, 3]


def test_an_answer_comes_in_fresh_arrays_with_its_timing(counting: RemotePolicy) -> None:
    assert counting.timing is None
    chunk = counting.infer(blank_observation(counting.spec))
    assert chunk.actions.flags.writeable
    assert chunk.actions.flags.owndata
    assert counting.timing is not None
    assert counting.timing.server_ms >= counting.timing.policy_ms >= 0.0


def test_what_the_server_serves_is_known_once_connected(server: Callable[..., Any]) -> None:
    policy = RemotePolicy(server("two-cameras").url)
    with pytest.raises(PolicyUnavailable, match="not connected; call connect"):
        _ = policy.spec
    with policy:
        assert policy.info is not None
        assert (policy.info.policy, policy.info.horizon, policy.info.dt) == ("two-cameras", 10, 0.1)
        assert sorted(policy.spec.cameras) == ["front", "wrist"]


def test_infer_connects_by_itself(server: Callable[..., Any]) -> None:
    policy = RemotePolicy(server("counting").url)
    observation = blank_observation(fake_spec())
    assert len(policy.infer(observation).actions) == 4
    policy.close()
    policy.close()
    assert len(policy.infer(observation).actions) == 4
    policy.close()


@pytest.mark.parametrize(
    ("kind", "complaint"),
    [(1, "policy counting failed with RuntimeError"), (3, r"gave no usable action: actions\[0\] vy")],
)
def test_an_error_of_the_policy_is_passed_on_and_the_next_call_is_answered(
    server: Callable[..., Any], kind: int, complaint: str
) -> None:
    with RemotePolicy(server("counting").url, timeout_s=PATIENCE, connect_timeout_s=PATIENCE) as policy:
        with pytest.raises(PolicyRefused, match=complaint):
            policy.infer(trouble(kind, policy))
        policy.infer(trouble(0, policy))
        assert policy.num_reconnects == 1


def test_an_observation_that_does_not_fit_is_refused_before_it_is_sent(counting: RemotePolicy) -> None:
    count(counting)
    bad = replace(blank_observation(counting.spec), state=np.full(6, np.nan, np.float32))
    with pytest.raises(PolicyRefused, match=r"observation not sent .* hand_x: expected a finite number"):
        counting.infer(bad)
    assert count(counting) == 2
    assert counting.num_reconnects == 0


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "http://127.0.0.1:8000", ""])
def test_an_address_that_is_no_websocket_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="expected ws://HOST:PORT"):
        RemotePolicy(url)


def test_a_server_that_is_not_there_is_tried_a_bounded_number_of_times() -> None:
    clock = ManualClock()
    with listen(ServerConfig(port=0)) as listener:
        port = listener.getsockname()[1]
    policy = RemotePolicy(f"ws://127.0.0.1:{port}", max_reconnects=5, backoff_s=0.1, max_backoff_s=0.5, clock=clock)
    with pytest.raises(PolicyUnavailable, match="refused, in 6 attempts; see that it runs"):
        policy.connect()
    assert clock.now() == pytest.approx(0.1 + 0.2 + 0.4 + 0.5 + 0.5)


def test_a_server_that_stops_or_dies_is_missed_and_found_again_when_it_is_back(own_server: Callable[..., Any]) -> None:
    server = own_server()
    clock = ManualClock()
    with RemotePolicy(server.url, timeout_s=PATIENCE, max_reconnects=2, clock=clock) as policy:
        assert [count(policy) for _ in range(2)] == [1, 2]
        server.send(signal.SIGTERM)
        assert server.wait() == 0
        assert server.stderr == ""
        with pytest.raises(PolicyUnavailable, match="in 3 attempts"):
            count(policy)
        assert clock.now() == pytest.approx(0.3)
        again = own_server("--port", server.port)
        assert [count(policy) for _ in range(2)] == [1, 2]
        assert policy.num_reconnects == 1
        with pytest.raises(PolicyUnavailable, match="in 3 attempts"):
            policy.infer(trouble(4, policy))
        assert again.wait() == 9


def test_a_server_that_hangs_costs_one_timeout_and_answers_again_afterwards(own_server: Callable[..., Any]) -> None:
    server = own_server("--policy", "huge")
    with RemotePolicy(server.url, timeout_s=0.2, connect_timeout_s=PATIENCE) as policy:
        observation = blank_observation(policy.spec)
        server.send(signal.SIGSTOP)
        with pytest.raises(PolicyUnavailable, match=r"took no request within 0\.2 s"):
            policy.infer(observation)
    with pytest.raises(PolicyUnavailable, match=r"no answer within 0\.2 s"):
        RemotePolicy(server.url, connect_timeout_s=0.2).connect()
    server.send(signal.SIGCONT)
    with RemotePolicy(server.url, timeout_s=PATIENCE, connect_timeout_s=PATIENCE) as policy:
        assert policy.infer(replace(observation, time=7.0)).observation_time == 7.0
