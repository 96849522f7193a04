"""What answers in its own time keeps the contract, with a thread and without."""

from clam_robot.control.background_policy import BackgroundPolicy
from clam_robot.interfaces import AsyncPolicy
from clam_robot.specs import CameraSpec
from clam_robot.testing.contracts import AsyncPolicyContract
from clam_robot.testing.delayed_policy import DelayedPolicy
from clam_robot.testing.fakes import FakePolicy, fake_spec
from clam_robot.timing import ManualClock, MonotonicClock


class TestBackgroundPolicy(AsyncPolicyContract):
    def make_policy(self) -> AsyncPolicy:
        return BackgroundPolicy(FakePolicy(), MonotonicClock())


class TestBackgroundPolicyWithCamera(AsyncPolicyContract):
    def make_policy(self) -> AsyncPolicy:
        return BackgroundPolicy(FakePolicy(fake_spec({"wrist": CameraSpec(height=8, width=8)})), MonotonicClock())


class TestDelayedPolicy(AsyncPolicyContract):
    def make_policy(self) -> AsyncPolicy:
        self._clock = ManualClock()
        return DelayedPolicy(FakePolicy(), self._clock, lambda: 0.25)

    def let_time_pass(self) -> None:
        self._clock.advance(0.1)
