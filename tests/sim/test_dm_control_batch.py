"""Batched physics is the suite's own."""

import numpy as np
import pytest

from clam_robot.errors import SimulationDiverged, UnknownRobot
from sim import opengl
from sim.dm_control_tasks import domain_and_task

opengl.select_backend()

from sim.dm_control_batch import DmControlBatch  # noqa: E402 - importing the simulator fixes OpenGL
from sim.dm_control_readings import READINGS  # noqa: E402
from sim.dm_control_world import DmControlWorld  # noqa: E402

SEEDS = (5, 6)


def _batch(task: str, action_repeat: int = 2) -> DmControlBatch:
    return DmControlBatch(*domain_and_task(task), action_repeat=action_repeat)


def _actions(batch: DmControlBatch, num_steps: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, (num_steps, len(SEEDS), batch.num_actions)).astype(np.float32)


@pytest.mark.parametrize("action_repeat", [1, 2])
@pytest.mark.parametrize("task", READINGS)
def test_observations_and_rewards_are_those_of_the_suite(task: str, action_repeat: int) -> None:
    batch = _batch(task, action_repeat)
    worlds = [DmControlWorld(*domain_and_task(task), action_repeat=action_repeat) for _ in SEEDS]
    for world, seed in zip(worlds, SEEDS, strict=True):
        world.reset(seed)
    np.testing.assert_array_equal(batch.reset(SEEDS), [world.state() for world in worlds])
    for actions in _actions(batch, 60):
        observations, rewards = batch.step(actions)
        judgements = [world.step(action) for world, action in zip(worlds, actions, strict=True)]
        np.testing.assert_array_equal(observations, [world.state() for world in worlds])
        np.testing.assert_allclose(rewards, [judgement.reward for judgement in judgements], rtol=1e-12)


def test_rewards_of_a_hopper_that_stands_are_those_of_the_suite() -> None:
    # Random actions never stand it up, so it is set upright and let fall.
    for task in ("hopper-stand", "hopper-hop"):
        batch, world = _batch(task, 1), DmControlWorld(*domain_and_task(task), action_repeat=1)
        batch.reset(SEEDS[:1])
        world.reset(SEEDS[0])
        for data in (batch._copies[0], world.data):
            data.qpos[:] = [0, 0.1, 0, 0, 0, 0.1, 0]
            data.qvel[:] = [1.5, 0, 0, 0, 0, 0, 0]
        total = 0.0
        for _ in range(20):
            _, rewards = batch.step(np.full((1, 4), 0.1, np.float32))
            assert rewards[0] == pytest.approx(world.step(np.full(4, 0.1, np.float32)).reward, rel=1e-12)
            total += rewards[0]
        assert total > 1.0


def test_scenes_come_back_whatever_happened_before() -> None:
    batch = _batch("hopper-hop")
    first = batch.reset([1, 2])
    after = batch.step(_actions(batch, 1)[0])[0]
    np.testing.assert_array_equal(batch.reset([2, 1]), first[::-1])
    np.testing.assert_array_equal(batch.reset([1, 2]), first)
    np.testing.assert_array_equal(batch.step(_actions(batch, 1)[0])[0], after)


@pytest.mark.parametrize("task", READINGS)
def test_guidance_is_between_nothing_and_one(task: str) -> None:
    batch = _batch(task)
    batch.reset(SEEDS)
    for actions in _actions(batch, 20):
        batch.step(actions)
        assert (batch.guidance() >= 0).all()
        assert (batch.guidance() <= 1).all()


def test_a_fallen_hopper_is_guided_where_it_is_not_rewarded() -> None:
    batch = _batch("hopper-hop")
    batch.reset(range(8))
    _, rewards = batch.step(np.zeros((8, 4), np.float32))
    assert (rewards == 0).all()
    assert len(set(batch.guidance())) > 4


def test_tasks_without_batched_physics_are_refused_by_name() -> None:
    with pytest.raises(UnknownRobot, match="cheetah-run, hopper-hop"):
        _batch("pendulum-swingup")


def test_diverging_physics_is_an_error_that_names_the_copy() -> None:
    batch = _batch("cheetah-run")
    batch.reset(SEEDS)
    batch._copies[1].qvel[:] = np.nan
    actions = np.zeros((2, 6), np.float32)
    with pytest.raises(SimulationDiverged, match="copy 1 of 2"):
        batch.step(actions)
