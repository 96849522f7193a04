"""The policies that ship reach the returns they state."""

from pathlib import Path

import numpy as np
import pytest

from clam_robot import config
from clam_robot.errors import ConfigError, UnknownRobot
from sim import opengl
from sim.dm_control_tasks import domain_and_task
from sim.linear_policy import LinearPolicy, act
from sim.policy_iterates import Iterate, PolicyIterates, load_shipped, save_iterates, shipped_tasks
from sim.search_config import SearchConfig

SCENES = range(4_000_000, 4_000_006)  # of no search, recording or evaluation


def _iterate(mean_return: float) -> Iterate:
    policy = LinearPolicy(mean=(0.0,), scale=(1.0,), gains=((0.5,),), bias=(0.0,))
    return Iterate(generation=0, mean_return=mean_return, return_std=1.0, policy=policy)


def _policies(*returns: float) -> PolicyIterates:
    return PolicyIterates(search=SearchConfig(), control_hz=50.0, iterates=tuple(map(_iterate, returns)))


def test_a_body_of_each_kind_ships() -> None:
    assert {name.partition("-")[0] for name in shipped_tasks()} == {"cheetah", "hopper", "walker"}


@pytest.mark.parametrize("task", shipped_tasks())
def test_shipped_policies_reach_their_stated_return_in_fresh_scenes(task: str) -> None:
    opengl.select_backend()
    from sim.dm_control_batch import DmControlBatch

    policies = load_shipped(task)
    batch = DmControlBatch(*domain_and_task(task), action_repeat=policies.search.action_repeat)
    assert policies.control_hz == batch.control_hz
    best = policies.best
    parameters = best.policy.parameters[np.newaxis].repeat(len(SCENES), axis=0)
    mean, scale = np.array(best.policy.mean), np.array(best.policy.scale)
    observations = batch.reset(SCENES)
    total = np.zeros(len(SCENES))
    for _ in range(policies.search.full_horizon):
        observations, rewards = batch.step(act(parameters, observations, mean, scale))
        total += rewards
    # Within what the spread over scenes allows both means.
    error = best.return_std * np.sqrt(1 / len(SCENES) + 1 / policies.search.num_stated)
    assert abs(total.mean() - best.mean_return) < 4 * error + 1


@pytest.mark.parametrize("task", shipped_tasks())
def test_shipped_policies_are_of_different_quality(task: str) -> None:
    policies = load_shipped(task)
    assert len(policies.iterates) >= 4
    assert policies.iterates[0].mean_return < 0.3 * policies.best.mean_return
    assert policies.best.mean_return > 20
    assert any(0.3 < iterate.mean_return / policies.best.mean_return < 0.8 for iterate in policies.iterates)


def test_policies_below_a_share_of_the_best_return() -> None:
    assert [iterate.mean_return for iterate in _policies(0.0, 40.0, 60.0, 100.0).below(0.5)] == [0.0, 40.0]


def test_files_come_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "policies.json"
    save_iterates(path, _policies(1.0, 2.0))
    assert config.load(PolicyIterates, path) == _policies(1.0, 2.0)
    assert [entry.name for entry in path.parent.iterdir()] == ["policies.json"]


@pytest.mark.parametrize("returns", [(), (2.0, 1.0)])
def test_iterates_stand_by_rising_return(returns: tuple[float, ...]) -> None:
    with pytest.raises(ConfigError, match="rising return"):
        _policies(*returns)


def test_tasks_without_policies_are_refused_with_the_way_to_find_some() -> None:
    with pytest.raises(UnknownRobot, match=r"there are cheetah-run.*clam search --task humanoid_CMU-run"):
        load_shipped("humanoid_CMU-run")
