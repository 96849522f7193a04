"""A leader arm is followed from where the robot was sent, and only from a pose that matches."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clam_robot.errors import ConfigError, PoseMismatch
from clam_robot.hardware.joint_driver import JointState
from clam_robot.hardware.kinematics import tool_pose
from clam_robot.hardware.widowx import START
from clam_robot.hardware.widowx_spec import ActionConfig, widowx_spec, widowx_state
from clam_robot.hardware.wx250s import JOINT_NAMES
from clam_robot.interfaces import TaskRobot
from clam_robot.specs import RobotSpec
from clam_robot.testing.fakes import fake_spec
from clam_robot.timing import ManualClock
from clam_robot.types import Observation
from sim.registry import make_robot
from teleop.device import Motion, silent
from teleop.follower import Follower
from teleop.leader_follower import FollowConfig, LeaderFollower
from teleop.teleop_policy import TeleopPolicy
from tests.teleop.fake_device import FakeDevice

POSE = widowx_spec(ActionConfig(), name="widowx")
JOINTS = widowx_spec(ActionConfig(space="joints"), name="widowx")
NEAR_START = st.lists(st.floats(-0.8, 0.8), min_size=6, max_size=6).map(lambda change: np.array(START) + change)


def observe(position: np.ndarray) -> Observation:
    zeros = np.zeros(6)
    state = JointState(time=0.0, position=position, velocity=zeros, effort=zeros, finger=0.03, gripper_effort=0.0)
    return Observation(time=0.0, state=widowx_state(state))


def test_it_is_a_follower() -> None:
    assert isinstance(LeaderFollower(POSE), Follower)


@given(NEAR_START, NEAR_START, st.floats(0, 1))
@settings(max_examples=30)
def test_a_step_is_within_bounds(leader: np.ndarray, follower: np.ndarray, opening: float) -> None:
    for spec in (POSE, JOINTS):
        action = LeaderFollower(spec).step(leader, opening, observe(follower))
        spec.action.validate(action)
        assert action[-1] == np.float32(opening)


@pytest.mark.parametrize("spec", [POSE, JOINTS])
def test_the_same_pose_is_no_step(spec: RobotSpec) -> None:
    np.testing.assert_allclose(
        LeaderFollower(spec).step(np.array(START), 1.0, observe(np.array(START)))[:6], 0, atol=1e-6
    )


@given(st.sets(st.integers(0, 5)), st.floats(0.26, 1.0))
@settings(max_examples=30)
def test_exactly_the_joints_that_differ_are_named_with_both_angles(apart: set[int], by: float) -> None:
    leader = np.array(START)
    leader[list(apart)] += by
    mismatch = LeaderFollower(POSE, FollowConfig(tolerance=0.25)).mismatch(leader, observe(np.array(START)))
    if not apart:
        assert mismatch is None
        return
    assert mismatch is not None
    assert mismatch.joints == tuple(JOINT_NAMES[i] for i in sorted(apart))
    for i in apart:
        assert f"{JOINT_NAMES[i]}: leader {leader[i]:+.2f}, follower {START[i]:+.2f}" in str(mismatch)


def test_only_a_widowx_follows() -> None:
    with pytest.raises(ConfigError, match="fake:reach"):
        LeaderFollower(fake_spec())


@pytest.mark.parametrize("spec", [POSE, JOINTS])
def test_a_step_under_way_is_not_sent_twice_and_what_is_left_at_rest_is_made_up_for(spec: RobotSpec) -> None:
    follower = LeaderFollower(spec, FollowConfig(settled=4))
    stuck, leader = np.array(START), np.array(START) + np.array([0.05, 0, 0, 0, 0, 0])
    sizes: list[float] = []
    for _ in range(7):
        action = follower.step(leader, 1.0, observe(stuck))
        follower.sent(action)
        sizes.append(float(np.abs(action[:6]).max()))
    assert sizes[0] == sizes[4] == pytest.approx(0.05)
    assert max(sizes[1:4] + sizes[5:]) < 1e-6


@pytest.mark.parametrize("spec", [POSE, JOINTS])
def test_arms_that_are_near_enough_do_not_sway(spec: RobotSpec) -> None:
    follower = LeaderFollower(spec, FollowConfig(settled=1))
    leader = np.array(START) + np.array([0.005, 0, 0, 0, 0, 0])
    follower.sent(follower.step(leader, 1.0, observe(np.array(START))))
    for _ in range(5):
        action = follower.step(leader, 1.0, observe(np.array(START)))
        assert np.abs(action[:6]).max() < 1e-3
        follower.sent(action)


class Led:
    """A simulated arm, led."""

    def __init__(self) -> None:
        self.device = FakeDevice()
        self.device.open()
        clock = ManualClock()
        robot = make_robot("widowx-twin:reach-block", clock, horizon=10_000)
        robot.connect()
        robot.reset(0)
        self.robot: TaskRobot = robot
        self.follower = LeaderFollower(robot.spec)
        self.policy = TeleopPolicy(self.device, robot.spec, follower=self.follower)
        self.policy.reset()

    @property
    def joints(self) -> np.ndarray:
        return self.robot.get_observation().state[:6].astype(np.float64)

    def lead(self, motion: Motion, periods: int = 1) -> np.ndarray:
        """The last action that was executed."""
        self.device.motion = motion
        sent = np.zeros(7)
        for _ in range(periods):
            action = self.policy.infer(self.robot.get_observation()).actions[0]
            sent = self.robot.send_action(action)
            self.follower.sent(sent)
        return sent


def at(joints: np.ndarray, gripper: float = 1.0) -> Motion:
    return Motion(joints=tuple(float(each) for each in joints), gripper=gripper)


def distance(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.linalg.norm(tool_pose(a).translation - tool_pose(b).translation))


@pytest.mark.slow
def test_the_hand_goes_where_the_leaders_is_without_overshoot_and_stays() -> None:
    led = Led()
    goal = led.joints + np.array([0.3, 0.15, -0.1, 0.0, -0.1, 0.1])
    led.lead(at(led.joints), periods=2)
    ways = [distance(led.joints, goal)]
    for step in range(24):
        share = min(1.0, (step + 1) / 12)  # by hand, in a good second
        led.lead(at((1 - share) * np.array(START) + share * goal, gripper=0.0))
        ways.append(distance(led.joints, goal))
    assert ways[-1] < 0.005
    assert max(np.diff(ways)) < 0.005  # never away from it again
    assert led.robot.get_observation().state[led.robot.spec.state.index("gripper_opening")] < 0.1


def test_a_mismatch_refuses_to_begin_and_moves_nothing() -> None:
    led = Led()
    with pytest.raises(PoseMismatch, match="elbow: leader"):
        led.lead(at(led.joints + np.array([0, 0, 0.5, 0, 0, 0])))
    assert distance(led.joints, np.array(START)) < 0.01


@pytest.mark.slow
def test_after_a_silence_it_waits_until_the_leader_is_back_where_the_arm_is() -> None:
    led = Led()
    led.lead(at(led.joints, gripper=0.0), periods=3)
    held = led.joints
    led.lead(silent("unplugged"), periods=3)
    elsewhere = held + np.array([0, 0, 0, 0, 0, 1.0])
    sent = led.lead(at(elsewhere, gripper=1.0), periods=3)
    np.testing.assert_allclose(sent[:6], 0.0, atol=1e-3)
    assert sent[6] == 0.0
    assert "wrist_rotate" in led.policy.status.note
    led.lead(at(held, gripper=0.0))
    assert led.policy.status.is_moving
    led.lead(at(elsewhere, gripper=0.0), periods=14)
    assert abs(led.joints[5] - elsewhere[5]) < 0.02
