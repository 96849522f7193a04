import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clam_robot.control.deviation import DeviationMeter
from clam_robot.control.loop import ControlLoop, LoopConfig
from clam_robot.control.replay_policy import ReplayConfig, ReplayPolicy
from clam_robot.errors import ConfigError, NoLabels, PoseMismatch
from clam_robot.specs import GripperSpec, RobotSpec, VectorSpec
from clam_robot.testing.fakes import FakeRobot, fake_spec
from clam_robot.timing import ManualClock
from clam_robot.types import EpisodeStart, Observation, Step

SPEC = RobotSpec(
    name="arm",
    state=VectorSpec(
        names=("waist", "hand_x", "object_x"), units=("rad", "m", "m"), low=(-np.inf,) * 3, high=(np.inf,) * 3
    ),
    action=VectorSpec(names=("dx", "dyaw", "gripper"), units=("m", "rad", "1"), low=(-1.0,) * 3, high=(1.0,) * 3),
    control_hz=10.0,
    gripper=GripperSpec(action="gripper", mode="binary", closes="below", threshold=0.5),
)
START = np.zeros(3, np.float32)


def _observation(state: np.ndarray = START) -> Observation:
    return Observation(time=0.0, state=state)


def _replayed(policy: ReplayPolicy) -> np.ndarray:
    policy.reset()
    return np.concatenate([policy.infer(_observation()).actions for _ in range(policy.num_periods)])


def _actions(length: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    actions = rng.uniform(-0.1, 0.1, (length, 3)).astype(np.float32)
    actions[:, 2] = rng.integers(0, 2, length)
    return actions


@given(length=st.integers(1, 50), seed=st.integers(0, 99), speed=st.floats(0.05, 1.0))
def test_slower_means_smaller_steps_with_the_same_sum(length: int, seed: int, speed: float) -> None:
    actions = _actions(length, seed)
    replayed = _replayed(ReplayPolicy(SPEC, actions, START, ReplayConfig(speed=speed)))
    np.testing.assert_allclose(replayed[:, :2].sum(axis=0), actions[:, :2].sum(axis=0), atol=1e-4)
    assert np.abs(replayed[:, :2]).max() <= speed * np.abs(actions[:, :2]).max() * (1 + 1e-4)
    assert set(np.unique(replayed[:, 2])) <= set(np.unique(actions[:, 2]))


def test_full_speed_repeats_every_action() -> None:
    actions = _actions(30, 0)
    np.testing.assert_allclose(
        _replayed(ReplayPolicy(SPEC, actions, START, ReplayConfig(speed=1.0))), actions, atol=1e-6
    )


def test_half_speed_gives_every_action_twice_at_half_its_size() -> None:
    actions = _actions(5, 1)
    replayed = _replayed(ReplayPolicy(SPEC, actions, START, ReplayConfig(speed=0.5)))
    np.testing.assert_allclose(replayed[:, :2], np.repeat(actions[:, :2] / 2, 2, axis=0), atol=1e-6)
    np.testing.assert_array_equal(replayed[:, 2], np.repeat(actions[:, 2], 2))


def test_rows_without_an_action_move_nothing_and_keep_the_gripper() -> None:
    actions = _actions(6, 2)
    actions[:, 2] = [0, 1, 1, 0, 0, 0]
    actions[2] = np.nan
    actions[5] = np.nan
    replayed = _replayed(ReplayPolicy(SPEC, actions, START, ReplayConfig(speed=1.0)))
    assert len(replayed) == 5
    np.testing.assert_array_equal(replayed[2], np.float32([0, 0, 1]))


def test_a_robot_that_stands_elsewhere_is_not_moved() -> None:
    policy = ReplayPolicy(SPEC, _actions(5, 0), START)
    with pytest.raises(PoseMismatch, match=r"waist 0\.200 rad, hand_x 0\.050 m;"):
        policy.infer(_observation(np.float32([0.2, -0.05, 0.0])))


def test_what_lies_about_need_not_be_where_it_was() -> None:
    ReplayPolicy(SPEC, _actions(5, 0), START).infer(_observation(np.float32([0.05, 0.01, 3.0])))


def test_an_episode_without_actions_is_refused() -> None:
    with pytest.raises(NoLabels, match="found none"):
        ReplayPolicy(SPEC, np.full((5, 3), np.nan, np.float32), START)


def test_torques_are_not_slowed() -> None:
    spec = RobotSpec(
        name="cart",
        state=SPEC.state,
        action=VectorSpec(names=("torque",), units=("Nm",), low=(-1.0,), high=(1.0,)),
        control_hz=10.0,
    )
    with pytest.raises(ConfigError, match="torque are neither increments nor velocities"):
        ReplayPolicy(spec, np.zeros((3, 1), np.float32), START)
    ReplayPolicy(spec, np.zeros((3, 1), np.float32), START, ReplayConfig(speed=1.0))


@pytest.mark.parametrize("speed", [0.0, -1.0, 1.5])
def test_a_replay_is_never_faster_than_the_recording(speed: float) -> None:
    with pytest.raises(ConfigError, match="at most 1"):
        ReplayConfig(speed=speed)


@pytest.mark.parametrize("speed", [1.0, 0.5, 0.3])
def test_a_robot_ends_where_the_recorded_one_did(speed: float) -> None:
    spec, rng = fake_spec(), np.random.default_rng(3)
    actions = rng.uniform(-1, 1, (20, 3)).astype(np.float32)
    clock = ManualClock()
    robot = FakeRobot(clock, spec, horizon=1000, tolerance=0.0)
    robot.connect()
    robot.reset(7)
    states = [robot.get_observation().state]
    for action in actions:
        robot.send_action(action)
        states.append(robot.get_observation().state)
    policy = ReplayPolicy(spec, actions, states[0], ReplayConfig(speed=speed))
    meter = DeviationMeter(np.array(states), speed=speed)
    loop = ControlLoop(robot, policy, clock=clock, subscribers=[meter], config=LoopConfig(max_steps=policy.num_periods))
    outcome = loop.run_episode(EpisodeStart(spec=spec, task="reach", source="replay", seed=7))
    assert outcome.num_steps == policy.num_periods
    hand = next(each for each in meter.result() if each.name == "hand")
    assert hand.last < 1e-4
    assert hand.largest < 1e-4


def test_deviation_is_told_in_metres_from_the_recorded_way() -> None:
    spec = fake_spec()
    meter = DeviationMeter(np.zeros((4, 6), np.float32), speed=1.0)
    meter.on_episode_start(EpisodeStart(spec=spec, task="t", source="replay"))
    for distance in (0.0, 0.5, 0.1):
        state = np.float32([distance, 0, 0, 0, 0, 0])
        meter.on_step(Step(observation=Observation(time=0.0, state=state), requested=None, sent=None))
    hand = meter.result()[0]
    assert (hand.name, hand.unit) == ("hand", "m")
    assert (hand.mean, hand.largest, hand.last) == pytest.approx((0.2, 0.5, 0.1))
