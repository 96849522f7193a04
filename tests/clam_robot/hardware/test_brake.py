"""Joints that pull like springs are at rest soon after they were told to stop, near where they were told."""

from collections import deque

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clam_robot.errors import ConfigError
from clam_robot.hardware.brake import Brake, BrakeConfig
from clam_robot.hardware.joint_driver import JointState
from clam_robot.hardware.wx250s import joint_limits

PERIOD, STEP = 0.02, 0.001  # [s]
DELAY = 20  # steps until the joints obey
STILL = 0.02  # [rad/s]


class SpringJoints:
    """Six joints on springs that are led by set-points, with friction.

    Args:
        frequency: of the undamped spring [rad/s].
        damping: ratio.
        friction: [rad/s^2].
        velocity: at the start [rad/s].
    """

    def __init__(self, frequency: float, damping: float, friction: float, velocity: np.ndarray) -> None:
        self._frequency, self._damping, self._friction = frequency, damping, friction
        self.position, self.velocity, self.time = np.zeros(6), velocity, 0.0
        # What leads them now: where a spring of this kind keeps this speed.
        goal = self.position + 2.0 * damping / frequency * velocity
        self._goals = deque([goal] * DELAY)

    def state(self) -> JointState:
        return JointState(
            time=self.time,
            position=self.position.copy(),
            velocity=self.velocity.copy(),
            effort=np.zeros(6),
            finger=0.03,
            gripper_effort=0.0,
        )

    def follow(self, goal: np.ndarray) -> None:
        for _ in range(round(PERIOD / STEP)):
            self._goals.append(goal)
            pull = self._frequency**2 * (self._goals.popleft() - self.position)
            pull = pull - 2.0 * self._damping * self._frequency * self.velocity
            free = self.velocity + pull * STEP
            self.velocity = np.sign(free) * np.maximum(0.0, np.abs(free) - self._friction * STEP)
            self.position = self.position + self.velocity * STEP
            self.time += STEP


velocities = st.lists(st.floats(-1.2, 1.2), min_size=6, max_size=6).map(np.array)


@given(velocities, st.sampled_from([(15.0, 0.4, 2.0), (25.0, 0.5, 2.0), (40.0, 0.9, 3.0)]))
def test_joints_come_to_rest_soon_and_near(velocity: np.ndarray, servo: tuple[float, float, float]) -> None:
    joints, brake = SpringJoints(*servo, velocity), Brake(BrakeConfig(), PERIOD)
    brake.begin(joints.state(), None)
    for _ in range(round(0.2 / PERIOD)):
        joints.follow(brake.step(joints.state()))
    assert np.abs(joints.velocity).max() < 0.1
    assert np.abs(joints.position).max() < 0.12
    while not brake.is_over:
        joints.follow(brake.step(joints.state()))
    assert joints.time <= BrakeConfig().longest + 2 * PERIOD


def test_slow_joints_stay_with_set_points_that_rest() -> None:
    joints, brake = SpringJoints(25.0, 0.5, 2.0, np.zeros(6)), Brake(BrakeConfig(), PERIOD)
    resting = np.full(6, 0.005)
    brake.begin(joints.state(), resting)
    np.testing.assert_array_equal(brake.step(joints.state()), resting)


def test_who_pushes_the_arm_works_against_it_once_it_was_stopped() -> None:
    joints, brake = SpringJoints(25.0, 0.5, 2.0, np.zeros(6)), Brake(BrakeConfig(), PERIOD)
    brake.begin(joints.state(), None)
    for _ in range(30):
        joints.velocity = np.ones(6)
        joints.follow(brake.step(joints.state()))
    setpoint = brake.step(joints.state())
    joints.position = joints.position + 0.5
    np.testing.assert_array_equal(brake.step(joints.state()), setpoint)


def test_joints_beyond_a_limit_are_sent_to_the_limit() -> None:
    joints, brake = SpringJoints(25.0, 0.5, 2.0, np.ones(6)), Brake(BrakeConfig(), PERIOD)
    joints.position = joint_limits()[1] + 0.01
    brake.begin(joints.state(), None)
    np.testing.assert_array_equal(brake.step(joints.state()), joint_limits()[1])


def test_a_state_that_was_seen_before_says_nothing_new() -> None:
    joints, brake = SpringJoints(25.0, 0.5, 2.0, np.ones(6)), Brake(BrakeConfig(), PERIOD)
    state = joints.state()
    brake.begin(state, None)
    np.testing.assert_array_equal(brake.step(state), brake.step(state))


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ConfigError, match="ahead"):
        BrakeConfig(ahead=0.0)


def test_a_slow_joint_far_from_a_set_point_that_rests_is_not_drawn_there() -> None:
    joints, brake = SpringJoints(25.0, 0.5, 2.0, np.zeros(6)), Brake(BrakeConfig(), PERIOD)
    brake.begin(joints.state(), np.array([0.005, 0.03, 0.0, 0.0, 0.0, 0.0]))
    np.testing.assert_array_equal(brake.is_moved, [False, True, False, False, False, False])
    np.testing.assert_array_equal(brake.step(joints.state())[:2], [0.005, 0.0])
