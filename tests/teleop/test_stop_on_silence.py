"""A policy that fails stops the arm; one that answers does not."""

from collections.abc import Callable

import numpy as np
import pytest

from clam_robot.errors import PolicyError, PolicyRefused, PolicyUnavailable
from clam_robot.hardware.safety_rules import Reason
from clam_robot.hardware.stop_latch import StopLatch
from clam_robot.hardware.widowx_spec import ActionConfig, widowx_spec
from clam_robot.specs import RobotSpec
from clam_robot.types import ActionChunk, Observation
from teleop.stop_on_silence import AsyncStopOnSilence, StopOnSilence, stop_on_silence

SPEC = widowx_spec(ActionConfig(), name="widowx")
CHUNK = ActionChunk(actions=np.zeros((1, 7), np.float32), observation_time=0.0, dt=0.1)
SEEN = Observation(time=0.0, state=np.zeros(len(SPEC.state), np.float32))


class Answering:
    """A policy of either kind."""

    def __init__(self, answer: Callable[[], ActionChunk]) -> None:
        self.answer = answer
        self.calls: list[str] = []

    @property
    def spec(self) -> RobotSpec:
        return SPEC

    def reset(self) -> None:
        self.calls.append("reset")

    def infer(self, observation: Observation) -> ActionChunk:
        return self.answer()


class AsyncAnswering(Answering):
    """One that is not waited for."""

    def submit(self, observation: Observation) -> None:
        self.calls.append("submit")

    def poll(self) -> ActionChunk | None:
        return self.answer()

    def close(self) -> None:
        self.calls.append("close")


def failing(error: PolicyError) -> Callable[[], ActionChunk]:
    def answer() -> ActionChunk:
        raise error

    return answer


@pytest.mark.parametrize("error", [PolicyUnavailable("no server"), PolicyRefused("too large")])
def test_a_failure_stops_the_arm_and_is_told(error: PolicyError) -> None:
    latch = StopLatch()
    policy = stop_on_silence(Answering(failing(error)), latch)
    assert isinstance(policy, StopOnSilence)
    with pytest.raises(type(error)):
        policy.infer(SEEN)
    assert latch.cause is not None
    assert (latch.cause.reason, latch.cause.detail) == (Reason.POLICY, str(error))


def test_answers_pass() -> None:
    latch, behind = StopLatch(), Answering(lambda: CHUNK)
    policy = StopOnSilence(behind, latch)
    policy.reset()
    assert policy.infer(SEEN) is CHUNK and latch.cause is None
    assert policy.spec is SPEC and behind.calls == ["reset"]


def test_one_that_is_not_waited_for_stops_the_arm_too() -> None:
    latch, behind = StopLatch(), AsyncAnswering(lambda: CHUNK)
    policy = stop_on_silence(behind, latch)
    assert isinstance(policy, AsyncStopOnSilence)
    policy.reset()
    policy.submit(SEEN)
    assert policy.poll() is CHUNK and latch.cause is None and policy.spec is SPEC
    behind.answer = failing(PolicyUnavailable("no server"))
    with pytest.raises(PolicyUnavailable):
        policy.poll()
    assert latch.cause is not None and latch.cause.reason is Reason.POLICY
    policy.close()
    assert behind.calls == ["reset", "submit", "close"]
