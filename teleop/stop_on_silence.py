"""A policy that fails stops the arm until a person lets it go on, however soon it answers again."""

from clam_robot.errors import PolicyError
from clam_robot.hardware.safety_rules import Reason
from clam_robot.hardware.stop_latch import StopLatch
from clam_robot.interfaces import AsyncPolicy, Policy
from clam_robot.specs import RobotSpec
from clam_robot.types import ActionChunk, Observation


def stop_on_silence(policy: Policy | AsyncPolicy, latch: StopLatch) -> Policy | AsyncPolicy:
    """The policy, whose failures stop the arm from now on."""
    return AsyncStopOnSilence(policy, latch) if isinstance(policy, AsyncPolicy) else StopOnSilence(policy, latch)


class StopOnSilence:
    """A `Policy` that stops the arm when the one behind it fails.

    Args:
        policy: who answers.
        latch: of the arm.
    """

    def __init__(self, policy: Policy, latch: StopLatch) -> None:
        self._policy, self._latch = policy, latch

    @property
    def spec(self) -> RobotSpec:
        """The robot it acts for."""
        return self._policy.spec

    def reset(self) -> None:
        """Forget the episode."""
        self._policy.reset()

    def infer(self, observation: Observation) -> ActionChunk:
        """The policy's answer."""
        try:
            return self._policy.infer(observation)
        except PolicyError as error:
            self._latch.stop(Reason.POLICY, str(error))
            raise


class AsyncStopOnSilence:
    """An `AsyncPolicy` that stops the arm when the one behind it fails.

    Args:
        policy: who answers.
        latch: of the arm.
    """

    def __init__(self, policy: AsyncPolicy, latch: StopLatch) -> None:
        self._policy, self._latch = policy, latch

    @property
    def spec(self) -> RobotSpec:
        """The robot it acts for."""
        return self._policy.spec

    def reset(self) -> None:
        """A new episode."""
        self._policy.reset()

    def submit(self, observation: Observation) -> None:
        """Ask for actions from this observation on."""
        self._policy.submit(observation)

    def poll(self) -> ActionChunk | None:
        """The newest answer of the policy."""
        try:
            return self._policy.poll()
        except PolicyError as error:
            self._latch.stop(Reason.POLICY, str(error))
            raise

    def close(self) -> None:
        """End what works in the background."""
        self._policy.close()
