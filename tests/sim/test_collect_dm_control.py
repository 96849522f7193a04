"""Demonstrations and play of the suite's bodies are recorded like those of an arm, and judged by their returns."""

from pathlib import Path

import numpy as np
import pytest

from clam_robot.episodes.dataset import EpisodeDataset
from clam_robot.errors import UnknownRobot
from clam_robot.timing import ManualClock
from clam_robot.types import EpisodeOutcome
from sim.collect import CollectConfig, collect
from sim.policy_iterates import load_shipped
from sim.registry import make_robot
from sim.sources import EXPERT_SHARE, PLAY_SHARE, Source, make_source

BEST = load_shipped("cheetah-run").best.mean_return


def _record(root: Path, source: Source, num_episodes: int = 1, **settings: object) -> EpisodeDataset:
    config = CollectConfig(robot="dmcontrol:cheetah-run", source=source, **settings)
    collect(config, root, num_episodes)
    return EpisodeDataset(root)


def _states_by_scene(root: Path) -> dict[int | None, np.ndarray]:
    return {episode.attributes.seed: episode.state for episode in EpisodeDataset(root)}


def _outcome(episode_return: float, num_steps: int = 500) -> EpisodeOutcome:
    return EpisodeOutcome(
        success=False, episode_return=episode_return, num_steps=num_steps, end="horizon", achieved_hz=50.0
    )


@pytest.mark.parametrize("source", ["expert", "play"])
def test_whole_episodes_are_kept_by_their_return(tmp_path: Path, source: Source) -> None:
    episode = _record(tmp_path, source)[0]
    assert episode.source == source
    assert episode.action.shape == (501, 6)
    assert np.isfinite(episode.action[:-1]).all()
    episode_return = np.nanmax(episode.episode_return)
    if source == "expert":
        assert episode_return >= EXPERT_SHARE * BEST
    else:
        assert episode_return <= PLAY_SHARE * BEST


def test_demonstrations_can_be_observations_only(tmp_path: Path) -> None:
    episode = _record(tmp_path, "expert", is_labeled=False, horizon=20)[0]
    assert np.isnan(episode.action).all()


def test_the_same_scenes_give_the_same_episodes_on_one_process_and_on_two(tmp_path: Path) -> None:
    config = CollectConfig(robot="dmcontrol:cheetah-run", source="play", horizon=20)
    collect(config, tmp_path / "one", 3)
    collect(config, tmp_path / "two", 3, workers=2)
    one, two = (_states_by_scene(tmp_path / name) for name in ("one", "two"))
    assert sorted(one) == sorted(two)
    for seed, states in one.items():
        np.testing.assert_array_equal(states, two[seed])


def test_returns_decide_over_whole_episodes_and_shorter_ones_are_kept() -> None:
    robot = make_robot("dmcontrol:cheetah-run", ManualClock())
    expert, play = (make_source(source, robot, noise=0.0, seed=0) for source in ("expert", "play"))
    for share, is_demonstration, is_play in ((0.2, False, True), (0.65, False, False), (1.0, True, False)):
        assert expert.is_wanted(_outcome(share * BEST)) == is_demonstration
        assert play.is_wanted(_outcome(share * BEST)) == is_play
    assert expert.is_wanted(_outcome(0.0, num_steps=20))
    assert play.is_wanted(_outcome(BEST, num_steps=20))


def test_an_arm_is_judged_by_success() -> None:
    robot = make_robot("metaworld:reach", ManualClock())
    expert, play = (make_source(source, robot, noise=0.0, seed=0) for source in ("expert", "play"))
    outcome = EpisodeOutcome(success=True, episode_return=0.0, num_steps=9, end="success", achieved_hz=40.0)
    assert expert.is_wanted(outcome)
    assert not play.is_wanted(outcome)


def test_a_body_without_policies_is_refused_before_anything_is_recorded(tmp_path: Path) -> None:
    config = CollectConfig(robot="dmcontrol:pendulum-swingup", source="play")
    with pytest.raises(UnknownRobot, match="clam search --task pendulum-swingup"):
        collect(config, tmp_path, 1)
