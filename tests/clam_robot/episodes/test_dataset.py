import multiprocessing
import operator
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from clam_robot.episodes import Episode, EpisodeDataset
from clam_robot.errors import DamagedEpisode, NoEpisodes, SpecMismatch
from clam_robot.specs import RobotSpec


def test_episodes_come_in_the_order_of_recording_and_may_be_sliced(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], record: Callable[..., Path]
) -> None:
    paths = [record(tmp_path, make_spec(), length) for length in (3, 4, 5, 6)]
    dataset = EpisodeDataset(tmp_path)
    assert [episode.path for episode in dataset] == paths
    assert [episode.length for episode in dataset[1:3]] == [4, 5]
    assert isinstance(dataset[1:3], EpisodeDataset)
    assert (dataset[-1].length, len(dataset), len(dataset[4:])) == (6, 4, 0)
    assert dataset.spec == dataset[2:].spec == make_spec()
    with pytest.raises(IndexError):
        dataset[4]


def test_a_single_episode_is_a_data_set_of_one(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], record: Callable[..., Path]
) -> None:
    path = record(tmp_path, make_spec(), 7)
    (episode,) = EpisodeDataset(path)
    assert (episode.path, episode.length) == (path, 7)
    assert EpisodeDataset(path).spec == make_spec()
    assert sorted(entry.name for entry in path.iterdir()) == sorted(
        entry.name for entry in Episode(path).path.iterdir()
    )
    assert not (path / "index.jsonl").exists()


def test_nothing_to_read_is_said_with_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(NoEpisodes, match=r"expected a folder of episodes at .*nowhere, found none; record some"):
        EpisodeDataset(tmp_path / "nowhere")
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(NoEpisodes, match="expected episodes named episode_000000"):
        EpisodeDataset(tmp_path)
    with pytest.raises(NoEpisodes, match="expected a folder"):
        EpisodeDataset(tmp_path / "notes.txt")


def test_an_empty_part_has_no_spec(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], record: Callable[..., Path]
) -> None:
    record(tmp_path, make_spec(), 3)
    with pytest.raises(NoEpisodes):
        _ = EpisodeDataset(tmp_path)[1:].spec


def test_episodes_of_another_robot_are_refused_by_name(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], record: Callable[..., Path]
) -> None:
    for state in (3, 3, 4, 3):
        record(tmp_path, make_spec(state=state), 3)
    dataset = EpisodeDataset(tmp_path)
    with pytest.raises(SpecMismatch, match=r"episode_000002 beside .*episode_000000: state") as caught:
        _ = dataset.spec
    assert len(caught.value.differences) == 1
    assert dataset[3].length == 3
    with pytest.raises(SpecMismatch, match="episode_000002"):
        dataset[2]
    assert dataset[:2].spec == make_spec()


def test_a_stale_index_does_not_hide_another_robot(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], record: Callable[..., Path]
) -> None:
    record(tmp_path, make_spec(), 3)
    index = (tmp_path / "index.jsonl").read_bytes()
    record(tmp_path, make_spec(state=4), 3)
    (tmp_path / "index.jsonl").write_bytes(index)
    with pytest.raises(SpecMismatch, match="episode_000001"):
        _ = EpisodeDataset(tmp_path).spec


def test_a_further_camera_in_a_later_episode_is_fine(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], record: Callable[..., Path]
) -> None:
    record(tmp_path, make_spec(), 3)
    record(tmp_path, make_spec(cameras={"wrist": (8, 8)}), 3)
    assert EpisodeDataset(tmp_path).spec == make_spec()


def test_making_a_data_set_opens_no_episode(tmp_path: Path) -> None:
    for k in range(1000):
        (tmp_path / f"episode_{k:06}").mkdir()
    dataset = EpisodeDataset(tmp_path)
    assert (len(dataset), dataset.names[-1]) == (1000, "episode_000999")
    with pytest.raises(DamagedEpisode, match="episode_000007"):
        Episode(tmp_path / dataset.names[7])


def test_a_data_set_and_its_episodes_travel_to_other_processes(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], record: Callable[..., Path]
) -> None:
    record(tmp_path, make_spec(cameras={"wrist": (8, 8)}), 3)
    dataset = EpisodeDataset(tmp_path)
    frames = dataset[0].images["wrist"]
    assert frames[1].shape == (8, 8, 3)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as executor:
        assert executor.submit(operator.getitem, dataset, 0).result(60).length == 3
        np.testing.assert_array_equal(executor.submit(operator.getitem, frames, 1).result(60), frames[1])
