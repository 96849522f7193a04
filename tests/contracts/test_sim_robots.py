"""Simulated robots and the policies made for them keep the contracts."""

from clam_robot.interfaces import Policy, Robot
from clam_robot.testing.contracts import PolicyContract, RobotContract
from clam_robot.timing import ManualClock
from sim.experts import ScriptedExpert
from sim.metaworld_robot import MetaWorldConfig, MetaWorldRobot
from sim.play import PlayPolicy


class TestMetaWorld(RobotContract):
    def make_robot(self, clock: ManualClock) -> Robot:
        return MetaWorldRobot(MetaWorldConfig(), clock)


class TestMetaWorldWithContinuousGripper(RobotContract):
    def make_robot(self, clock: ManualClock) -> Robot:
        return MetaWorldRobot(MetaWorldConfig(task="drawer-close-v3", gripper="continuous", action_repeat=1), clock)


class TestMetaWorldWithCameras(RobotContract):
    def make_robot(self, clock: ManualClock) -> Robot:
        cameras = ("corner2", "gripperPOV")
        return MetaWorldRobot(MetaWorldConfig(cameras=cameras, image_height=48, image_width=64), clock)


class TestScriptedExpert(PolicyContract):
    def make_policy(self) -> Policy:
        return ScriptedExpert(MetaWorldRobot(MetaWorldConfig(), ManualClock()), noise=0.1)


class TestPlay(PolicyContract):
    def make_policy(self) -> Policy:
        return PlayPolicy(MetaWorldRobot(MetaWorldConfig(), ManualClock()).spec)
