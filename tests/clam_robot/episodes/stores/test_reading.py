"""Data sets at URLs are read as those of a folder are."""

from collections.abc import Callable
from pathlib import Path

import fsspec
import numpy as np
import pytest

from clam_robot.episodes import EpisodeDataset, WindowDataset, schema, summarize
from clam_robot.episodes.stores.cache import EpisodeCache, attributes_only, everything, pictures_of
from clam_robot.episodes.stores.copy import copy_episodes
from clam_robot.episodes.stores.opening import finished_episodes, open_store
from clam_robot.episodes.stores.reading import open_dataset, open_episode, summarize_place
from clam_robot.errors import NoEpisodes
from tests.clam_robot.episodes.stores.watched_store import WatchedStore

NAMES = ["episode_000000", "episode_000001"]


@pytest.fixture
def there(recorded: Path, url: str) -> str:
    """The data set at a URL."""
    assert all(each.error is None for each in copy_episodes(open_store(recorded), open_store(url)))
    return url


def windows(dataset: EpisodeDataset) -> tuple[np.ndarray, ...]:
    batch = WindowDataset(dataset, past=1, future=1, cameras=("front",))[np.arange(10)]
    return batch.states, batch.actions, batch.images["front"]


def fetched(url: str, wanted: Callable[[str], bool] = everything) -> list[str]:
    """Which files the cache had to fetch."""
    store = WatchedStore(open_store(url))
    found = finished_episodes(store)
    EpisodeCache(store).fetch(found, dict.fromkeys(found, wanted))
    return store.read_files


def test_windows_are_equal_to_those_of_the_folder(recorded: Path, there: str) -> None:
    for here, elsewhere in zip(windows(EpisodeDataset(recorded)), windows(open_dataset(there)), strict=True):
        np.testing.assert_array_equal(here, elsewhere)


def test_nothing_is_fetched_twice(there: str) -> None:
    assert fetched(there)
    assert fetched(there) == []


def test_only_what_is_wanted_is_fetched(there: str) -> None:
    assert sorted(fetched(there, attributes_only)) == [f"{name}/{schema.METADATA}" for name in NAMES]
    numbers = fetched(there, pictures_of(None))
    assert numbers
    assert not any("/images/" in file for file in numbers)
    pictures = fetched(there, pictures_of("front"))
    assert pictures
    assert all("/images/front/" in file for file in pictures)


def test_what_an_interrupted_fetch_left_is_fetched_again(there: str, cache: Path) -> None:
    fetched(there)
    (torn,) = cache.rglob(f"{NAMES[1]}/state/c.0.0")
    torn.write_bytes(b"half")
    assert fetched(there) == [f"{NAMES[1]}/state/c.0.0"]


def test_an_episode_that_is_another_there_is_another_here(
    there: str, recorded: Path, tmp_path: Path, record: Callable[..., Path]
) -> None:
    open_dataset(there)
    fs, root = fsspec.core.url_to_fs(there)
    fs.rm(f"{root}/{NAMES[0]}", recursive=True)
    record(tmp_path / "other", EpisodeDataset(recorded).spec, 40, task="new")
    list(copy_episodes(open_store(tmp_path / "other"), open_store(there)))
    assert open_dataset(there)[0].task == "new"


def test_an_episode_that_is_gone_there_is_gone_here(there: str, cache: Path) -> None:
    assert len(open_dataset(there)) == 2
    fs, root = fsspec.core.url_to_fs(there)
    fs.rm(f"{root}/{NAMES[1]}", recursive=True)
    assert len(open_dataset(there)) == 1
    assert not list(cache.rglob(NAMES[1]))


def test_of_one_episode_only_that_one_is_fetched(there: str, cache: Path, recorded: Path) -> None:
    episode = open_episode(there, 1)
    np.testing.assert_array_equal(episode.state, EpisodeDataset(recorded)[1].state)
    assert not list(cache.rglob(f"{NAMES[0]}/state/*"))
    with pytest.raises(NoEpisodes, match="expected 0 to 1, found 2"):
        open_episode(there, 2)


def test_a_single_episode_is_a_data_set(there: str, recorded: Path) -> None:
    dataset = open_dataset(f"{there}/{NAMES[1]}")
    assert len(dataset) == 1
    np.testing.assert_array_equal(dataset[0].state, EpisodeDataset(recorded)[1].state)


def test_the_summary_is_that_of_the_folder(there: str, recorded: Path) -> None:
    here, elsewhere = summarize(recorded), summarize_place(there)
    for name in ("num_episodes", "num_rows", "num_bytes", "num_labeled", "tasks", "spec"):
        assert getattr(here, name) == getattr(elsewhere, name)
    single = summarize_place(f"{there}/{NAMES[1]}")
    assert single.num_bytes == summarize(recorded / NAMES[1]).num_bytes


def test_a_folder_given_as_a_url_is_read_in_place(recorded: Path, cache: Path) -> None:
    assert open_dataset(recorded.as_uri()).root == recorded
    assert not cache.exists()
