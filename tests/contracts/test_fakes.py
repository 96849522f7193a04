"""The fakes keep the contracts they stand in for."""

from clam_robot.interfaces import Policy, Robot
from clam_robot.specs import CameraSpec
from clam_robot.testing.contracts import PolicyContract, RobotContract
from clam_robot.testing.fakes import FakePolicy, FakeRobot, fake_spec
from clam_robot.timing import ManualClock


class TestFakeRobot(RobotContract):
    def make_robot(self, clock: ManualClock) -> Robot:
        return FakeRobot(clock)


class TestFakeRobotWithCamera(RobotContract):
    def make_robot(self, clock: ManualClock) -> Robot:
        return FakeRobot(clock, fake_spec({"front": CameraSpec(height=6, width=8)}))


class TestFakePolicy(PolicyContract):
    def make_policy(self) -> Policy:
        return FakePolicy(horizon=3)
