"""Play and demonstrations of the suite's bodies, made of linear policies."""

from collections.abc import Callable

import numpy as np
import pytest

from clam_robot.errors import SpecMismatch
from clam_robot.interfaces import Policy
from clam_robot.timing import ManualClock
from clam_robot.types import Observation
from sim.base import SimulatedRobot
from sim.dm_control_robot import DmControlConfig, DmControlRobot
from sim.linear_expert import LinearExpert
from sim.linear_play import LinearPlay
from sim.policy_iterates import load_shipped
from sim.registry import make_robot

CHEETAH = load_shipped("cheetah-run")


def _robot(task: str = "cheetah-run") -> SimulatedRobot:
    return make_robot(f"dmcontrol:{task}", ManualClock())


def _states(num: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(num, 17)).astype(np.float32)


def _actions(policy: Policy, states: np.ndarray) -> np.ndarray:
    policy.reset()
    return np.stack([policy.infer(Observation(time=0.0, state=state)).actions[0] for state in states])


def _return(robot: SimulatedRobot, policy: Policy, scene: int) -> float:
    robot.reset(scene)
    policy.reset()
    while not robot.task_status().is_over:
        robot.send_action(policy.infer(robot.get_observation()).actions[0])
    return robot.task_status().episode_return


def test_expert_reaches_its_stated_return_on_the_robot_with_and_without_noise() -> None:
    robot = _robot()
    robot.connect()
    for noise, share in ((0.0, 0.8), (0.1, 0.7)):
        assert _return(robot, LinearExpert(robot.spec, CHEETAH, noise), 17) > share * CHEETAH.best.mean_return


def test_play_stays_far_below_the_expert() -> None:
    robot = _robot()
    robot.connect()
    play = LinearPlay(robot.spec, CHEETAH)
    returns = [_return(robot, play, scene) for scene in range(6)]
    assert np.mean(returns) < 0.5 * CHEETAH.best.mean_return


def test_play_fills_the_action_space_and_moves_smoothly_at_times() -> None:
    actions = _actions(LinearPlay(_robot().spec, CHEETAH), np.zeros((2000, 17), np.float32))
    shares = np.stack(
        [(actions < -0.3).mean(axis=0), (np.abs(actions) < 0.3).mean(axis=0), (actions > 0.3).mean(axis=0)]
    )
    assert (shares > 0.02).all()
    steps = np.abs(np.diff(actions, axis=0)).mean(axis=1)
    assert np.quantile(steps, 0.1) < 0.25 * np.quantile(steps, 0.9)


def test_expert_without_noise_is_the_best_policy() -> None:
    states = _states(5)
    expected = np.stack([CHEETAH.best.policy.act(state) for state in states])
    np.testing.assert_array_equal(_actions(LinearExpert(_robot().spec, CHEETAH), states), expected)


@pytest.mark.parametrize(
    "make",
    [
        lambda seed: LinearPlay(_robot().spec, CHEETAH, seed),
        lambda seed: LinearExpert(_robot().spec, CHEETAH, 0.5, seed),
    ],
    ids=["play", "expert"],
)
def test_episodes_depend_on_scene_and_seed_and_on_nothing_else(make: Callable[[int], Policy]) -> None:
    states, other = _states(30), _states(30)
    other[0] += 1.0
    policy = make(0)
    first = _actions(policy, states)
    assert not np.array_equal(_actions(policy, other)[1:], first[1:])
    np.testing.assert_array_equal(_actions(policy, states), first)
    np.testing.assert_array_equal(_actions(make(0), states), first)
    assert not np.array_equal(_actions(make(1), states), first)


@pytest.mark.parametrize("make", [LinearPlay, LinearExpert])
def test_another_body_or_rate_is_refused(make: Callable[..., Policy]) -> None:
    with pytest.raises(SpecMismatch, match="entries of the state: 17 expected, 24 found"):
        make(_robot("walker-walk").spec, CHEETAH)
    fast = DmControlRobot(DmControlConfig(action_repeat=1), ManualClock())
    with pytest.raises(SpecMismatch, match=r"control_hz: 50\.0 expected, 100\.0 found"):
        make(fast.spec, CHEETAH)
