"""Scripted experts solve their tasks from the state alone."""

import numpy as np
import pytest

from clam_robot.errors import UnknownRobot
from clam_robot.timing import ManualClock
from clam_robot.types import Observation
from sim.base import SimulatedRobot
from sim.experts import ScriptedExpert
from sim.metaworld_tasks import TASKS
from sim.registry import make_robot


def _robot(task: str, **settings: object) -> SimulatedRobot:
    return make_robot(f"metaworld:{task}", ManualClock(), **settings)


def _observation(seed: int = 0) -> Observation:
    return Observation(time=0.0, state=np.random.default_rng(seed).uniform(0.0, 0.5, 39).astype(np.float32))


def _actions(expert: ScriptedExpert, observations: list[Observation]) -> np.ndarray:
    expert.reset()
    return np.stack([expert.infer(observation).actions[0] for observation in observations])


@pytest.mark.parametrize("task", TASKS)
def test_every_task_has_an_expert(task: str) -> None:
    chunk = ScriptedExpert(_robot(task), noise=0.1).infer(_observation())
    assert chunk.actions.shape == (1, 4)
    assert chunk.dt == pytest.approx(1 / 40)


@pytest.mark.parametrize("task", ["assembly", "peg-insert-side", "button-press", "pick-place", "door-open"])
def test_experts_solve_their_task_with_a_binary_gripper_and_noise(task: str) -> None:
    robot = _robot(task)
    robot.connect()
    expert = ScriptedExpert(robot, noise=0.1)
    for seed in range(3):
        robot.reset(seed)
        expert.reset()
        while not robot.task_status().success:
            robot.send_action(expert.infer(robot.get_observation()).actions[0])
        assert robot.task_status().num_steps > 10


def test_commands_of_a_binary_gripper_are_sides_and_noise_leaves_them() -> None:
    observations = [_observation(seed) for seed in range(20)]
    quiet = _actions(ScriptedExpert(_robot("assembly")), observations)
    noisy = _actions(ScriptedExpert(_robot("assembly"), noise=0.5), observations)
    assert set(quiet[:, 3]) <= {-1.0, 1.0}
    np.testing.assert_array_equal(noisy[:, 3], quiet[:, 3])


def test_commands_of_a_continuous_gripper_are_efforts() -> None:
    action = ScriptedExpert(_robot("assembly", gripper="continuous")).infer(_observation()).actions[0]
    assert action[3] in (np.float32(0.0), np.float32(0.6))


def test_actions_stay_within_bounds() -> None:
    actions = _actions(ScriptedExpert(_robot("assembly"), noise=2.0), [_observation(seed) for seed in range(20)])
    assert np.abs(actions).max() == 1.0


def test_noise_reaches_actions_that_ask_for_more_than_the_arm_can_do() -> None:
    far = [_observation(seed) for seed in range(40)]
    quiet, noisy = (_actions(ScriptedExpert(_robot("assembly"), noise=noise), far) for noise in (0.0, 0.1))
    saturated = np.abs(quiet[:, :3]) == 1.0
    assert saturated.sum() > 20
    assert 0.3 < np.mean(np.abs(noisy[:, :3][saturated]) < 1.0) < 0.7


def test_noise_differs_from_scene_to_scene_and_with_the_seed() -> None:
    state = np.zeros(39, np.float32)
    state[:7] = [0.0, 0.6, 0.15, 1.0, 0.05, 0.6, 0.05]  # the hand nearly above the object, for gentle actions
    same = [Observation(time=0.0, state=state)] * 4
    first = ScriptedExpert(_robot("assembly"), noise=0.1)
    noise = _actions(first, [_observation(0), *same])[1:]
    assert not np.array_equal(noise, _actions(first, [_observation(2), *same])[1:])
    other_seed = ScriptedExpert(_robot("assembly"), noise=0.1, seed=1)
    assert not np.array_equal(noise, _actions(other_seed, [_observation(0), *same])[1:])


def test_experts_are_metaworlds_only() -> None:
    with pytest.raises(UnknownRobot, match="found dmcontrol:pendulum-swingup"):
        ScriptedExpert(make_robot("dmcontrol:pendulum-swingup", ManualClock()))
