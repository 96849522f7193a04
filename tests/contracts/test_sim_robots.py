"""Simulated robots and the policies made for them keep the contracts."""

from clam_robot.interfaces import Policy, Robot
from clam_robot.testing.contracts import PolicyContract, RobotContract
from clam_robot.timing import ManualClock
from sim.dm_control_robot import DmControlConfig, DmControlRobot
from sim.experts import ScriptedExpert
from sim.linear_expert import LinearExpert
from sim.linear_play import LinearPlay
from sim.metaworld_robot import MetaWorldConfig, MetaWorldRobot
from sim.play import PlayPolicy
from sim.policy_iterates import load_shipped


class TestMetaWorld(RobotContract):
    def make_robot(self, clock: ManualClock) -> Robot:
        return MetaWorldRobot(MetaWorldConfig(), clock)


class TestMetaWorldWithContinuousGripper(RobotContract):
    def make_robot(self, clock: ManualClock) -> Robot:
        return MetaWorldRobot(MetaWorldConfig(task="drawer-close-v3", gripper="continuous", action_repeat=1), clock)


class TestMetaWorldWithCameras(RobotContract):
    def make_robot(self, clock: ManualClock) -> Robot:
        return MetaWorldRobot(MetaWorldConfig(cameras=("gripperPOV",), image_height=24, image_width=32), clock)


class TestDmControl(RobotContract):
    def make_robot(self, clock: ManualClock) -> Robot:
        return DmControlRobot(DmControlConfig(), clock)


class TestDmControlWithCamera(RobotContract):
    def make_robot(self, clock: ManualClock) -> Robot:
        config = DmControlConfig(task="reacher-easy", action_repeat=2, cameras=("0",), image_height=24, image_width=32)
        return DmControlRobot(config, clock)


class TestScriptedExpert(PolicyContract):
    def make_policy(self) -> Policy:
        return ScriptedExpert(MetaWorldRobot(MetaWorldConfig(), ManualClock()), noise=0.1)


class TestPlay(PolicyContract):
    def make_policy(self) -> Policy:
        return PlayPolicy(MetaWorldRobot(MetaWorldConfig(), ManualClock()).spec)


class TestLinearExpert(PolicyContract):
    def make_policy(self) -> Policy:
        return LinearExpert(DmControlRobot(DmControlConfig(), ManualClock()).spec, load_shipped("cheetah-run"), 0.1)


class TestLinearPlay(PolicyContract):
    def make_policy(self) -> Policy:
        return LinearPlay(DmControlRobot(DmControlConfig(), ManualClock()).spec, load_shipped("cheetah-run"))
