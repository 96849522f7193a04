"""A loop with a server it does not wait for: stalled, killed and started anew, the arm holds and goes on."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from clam_robot.control.background_policy import BackgroundPolicy
from clam_robot.control.loop import ControlLoop, LoopConfig
from clam_robot.interfaces import AsyncPolicy
from clam_robot.specs import RobotSpec
from clam_robot.testing.contracts import AsyncPolicyContract
from clam_robot.testing.fakes import FakeRobot, FakeSubscriber
from clam_robot.timing import MonotonicClock
from clam_robot.types import EpisodeOutcome, EpisodeStart, Step
from policy_server.client import RemotePolicy

PATIENCE = 60.0
# Periods in which the loop goes on holding before a test goes on.
MANY = 10


class TestBackgroundRemotePolicy(AsyncPolicyContract):
    @pytest.fixture(autouse=True)
    def _serve(self, server: Callable[..., Any]) -> Iterator[None]:
        with RemotePolicy(server("counting").url, timeout_s=PATIENCE, connect_timeout_s=PATIENCE) as self._remote:
            yield

    def make_policy(self) -> AsyncPolicy:
        return BackgroundPolicy(self._remote, MonotonicClock())


class Episode(FakeSubscriber):
    """An episode in a thread of its own, for a test to look at while it runs; it ends when the test has seen enough."""

    def __init__(self, policy: AsyncPolicy, spec: RobotSpec) -> None:
        super().__init__()
        clock = MonotonicClock()
        self.robot = FakeRobot(clock, spec, horizon=10**9)
        self.robot.connect()
        config = LoopConfig(max_held=10**9)
        self._loop = ControlLoop(self.robot, policy, clock=clock, subscribers=[self], config=config)
        self._is_enough = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(spec,))

    def _run(self, spec: RobotSpec) -> None:
        start = EpisodeStart(spec=spec, task="reach the goal", source="test", seed=0)
        try:
            self._loop.run_episode(start)
        except KeyboardInterrupt:
            return

    def on_step(self, step: Step) -> None:
        super().on_step(step)
        if self._is_enough.is_set():
            raise KeyboardInterrupt

    @property
    def outcome(self) -> EpisodeOutcome:
        return self.outcomes[0]

    @contextmanager
    def running(self) -> Iterator["Episode"]:
        self._thread.start()
        try:
            yield self
        finally:
            self._is_enough.set()
            self._thread.join(PATIENCE)
        assert not self._thread.is_alive()

    def wait_until(self, happened: Callable[[list[Step]], bool]) -> None:
        """Until this can be said of the steps from now on."""
        begin, deadline = len(self.steps), time.monotonic() + PATIENCE
        while not happened(self.steps[begin:]):
            assert self._thread.is_alive(), self.outcomes
            assert time.monotonic() < deadline, self.steps[begin:][-3:]
            time.sleep(0.005)


def acted(steps: list[Step]) -> bool:
    return sum(step.sent is not None for step in steps) >= MANY


def held(steps: list[Step]) -> bool:
    return len(steps) >= MANY and all(step.sent is None for step in steps[-MANY:])


def test_while_the_server_is_stalled_the_arm_holds_and_the_loop_goes_on(own_server: Callable[..., Any]) -> None:
    server = own_server("--policy", "plain")
    with RemotePolicy(server.url, timeout_s=10 * PATIENCE, connect_timeout_s=PATIENCE) as remote:
        with BackgroundPolicy(remote, MonotonicClock()) as policy, Episode(policy, remote.spec).running() as episode:
            episode.wait_until(acted)
            server.send(signal.SIGSTOP)
            episode.wait_until(held)
            server.send(signal.SIGCONT)
            episode.wait_until(acted)
        assert remote.num_reconnects == 0
    assert episode.outcome.num_skipped >= 1


def test_a_stall_longer_than_the_clients_patience_is_one_more_failure(own_server: Callable[..., Any]) -> None:
    server = own_server("--policy", "plain")
    with (
        RemotePolicy(server.url, timeout_s=0.3, connect_timeout_s=PATIENCE) as remote,
        BackgroundPolicy(remote, MonotonicClock()) as policy,
        Episode(policy, remote.spec).running() as episode,
    ):
        episode.wait_until(acted)
        server.send(signal.SIGSTOP)
        episode.wait_until(held)
        server.send(signal.SIGCONT)
        episode.wait_until(acted)


def test_another_server_on_the_same_port_is_found_and_the_arm_goes_on(own_server: Callable[..., Any]) -> None:
    server = own_server("--policy", "plain")
    with RemotePolicy(server.url, timeout_s=10 * PATIENCE, connect_timeout_s=PATIENCE) as remote:
        with BackgroundPolicy(remote, MonotonicClock()) as policy, Episode(policy, remote.spec).running() as episode:
            episode.wait_until(acted)
            server.send(signal.SIGKILL)
            server.wait()
            episode.wait_until(held)
            again = own_server("--policy", "plain", "--port", server.port)
            assert again.url == server.url, again.stderr
            episode.wait_until(acted)
        assert remote.num_reconnects == 1
    assert episode.outcome.end == "interrupted"
