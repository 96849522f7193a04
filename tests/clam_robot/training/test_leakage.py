"""The claim everything rests on: the actions of demonstrations are never read, but by the oracle."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import zarr

from clam_robot.episodes.dataset import EpisodeDataset
from clam_robot.errors import DamagedEpisode
from clam_robot.models.checkpoint import WEIGHTS
from clam_robot.models.latent_policy import PolicyConfig
from clam_robot.testing.fakes import FakeRobot
from clam_robot.training.config import TrainConfig
from clam_robot.training.run import run_training
from tests.clam_robot.training.conftest import Heard, half_asleep

Tiny = Callable[..., TrainConfig]
Record = Callable[..., Path]

SCENES = range(200, 205)


class LyingRobot(FakeRobot):
    """Does what it is told and reports something else."""

    def send_action(self, action: np.ndarray) -> np.ndarray:
        super().send_action(action)
        return np.random.default_rng(len(self.sent)).uniform(-1, 1, 3).astype(np.float32)


class MuteRobot(FakeRobot):
    """Does what it is told and reports nothing."""

    def send_action(self, action: np.ndarray) -> np.ndarray:
        return super().send_action(action) * np.float32(np.nan)


@pytest.fixture(scope="module")
def demonstrations(tmp_path_factory: pytest.TempPathFactory, record: Record) -> dict[str, Path]:
    """The same motion, beside actions that are true, garbage, NaN, absent, or deleted from the disk."""
    root = tmp_path_factory.mktemp("demonstrations")
    recorded = {
        "true": record(root / "true", SCENES),
        "garbage": record(root / "garbage", SCENES, robot=LyingRobot),
        "nan": record(root / "nan", SCENES, robot=MuteRobot),
        "absent": record(root / "absent", SCENES, is_labeled=False),
        "deleted": record(root / "deleted", SCENES),
    }
    for episode in EpisodeDataset(recorded["deleted"]):
        for array in ("action", "action_requested", "action_labeled"):
            shutil.rmtree(episode.path / array)
    return recorded


def learned(config: TrainConfig, directory: Path) -> bytes:
    return (run_training(config, directory, Heard()).checkpoint / WEIGHTS).read_bytes()


def test_the_data_sets_differ_in_their_actions_alone(demonstrations: dict[str, Path]) -> None:
    episodes = {name: list(EpisodeDataset(path)) for name, path in demonstrations.items()}
    for others in (episodes["garbage"], episodes["nan"], episodes["absent"]):
        for true, other in zip(episodes["true"], others, strict=True):
            np.testing.assert_array_equal(true.state, other.state)
            assert not np.array_equal(true.action, other.action, equal_nan=True)
    assert all(episode.action_labeled[:-1].all() for episode in episodes["garbage"])


@pytest.mark.parametrize("method", ["clam", "vpt", "lapo", "lapa", "dynamo"])
def test_weights_are_the_same_bit_by_bit_whatever_the_actions_of_demonstrations_are(
    tiny: Tiny, demonstrations: dict[str, Path], tmp_path: Path, method: str
) -> None:
    expected = learned(tiny(method=method, demonstrations=demonstrations["true"]), tmp_path / "true")
    for name in ("garbage", "nan", "absent", "deleted"):
        found = learned(tiny(method=method, demonstrations=demonstrations[name]), tmp_path / name)
        assert found == expected, name


@pytest.mark.parametrize("method", ["clam", "vpt", "lapo", "lapa", "dynamo", "bc-play"])
def test_what_stands_in_rows_of_play_without_a_label_is_never_read(
    tiny: Tiny, record: Record, tmp_path: Path, method: str
) -> None:
    """Every second row of this play is unlabelled; what is put there changes nothing, even in chunks of actions."""
    sparse = record(tmp_path / "sparse", range(4), half_asleep)
    garbage = tmp_path / "garbage"
    shutil.copytree(sparse, garbage)
    for episode in EpisodeDataset(garbage):
        array = zarr.open_array(episode.path / "action", mode="r+")
        array[:] = np.where(episode.action_labeled[:, None], episode.action, np.float32(0.7))
    assert [np.isnan(episode.action).any() for episode in EpisodeDataset(sparse)] == [True] * 4
    assert [np.isnan(episode.action).any() for episode in EpisodeDataset(garbage)] == [False] * 4
    shape = PolicyConfig(hidden=8, chunk=2)
    expected, found = (
        learned(tiny(method=method, play=play, policy=shape), tmp_path / f"run {play.name}")
        for play in (sparse, garbage)
    )
    assert found == expected


def test_the_oracle_reads_them(tiny: Tiny, demonstrations: dict[str, Path], tmp_path: Path) -> None:
    true, garbage = (
        learned(tiny(method="oracle", demonstrations=demonstrations[name]), tmp_path / name)
        for name in ("true", "garbage")
    )
    assert true != garbage
    with pytest.raises(DamagedEpisode, match="action_labeled"):
        learned(tiny(method="oracle", demonstrations=demonstrations["deleted"]), tmp_path / "deleted")
