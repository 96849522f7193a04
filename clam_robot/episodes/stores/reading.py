"""Opens data sets for reading, wherever they are."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

from clam_robot.episodes.dataset import EpisodeDataset
from clam_robot.episodes.reader import Episode
from clam_robot.episodes.stores.cache import EpisodeCache, Wanted, attributes_only, everything
from clam_robot.episodes.stores.opening import finished_episodes, open_store
from clam_robot.episodes.stores.place import Place, folder_of, is_url
from clam_robot.episodes.summary import DatasetSummary, summarize
from clam_robot.errors import NoEpisodes

OnFile = Callable[[int, int], object]


def _silent(done: int, total: int) -> None:
    pass


def open_dataset(
    place: Place,
    *,
    wanted: Wanted = everything,
    on_file: OnFile = _silent,
    cache: Path | None = None,
) -> EpisodeDataset:
    """Open a data set or a single episode; what is at a URL is fetched into a folder of this machine before.

    Args:
        place: path or URL.
        wanted: which files of each episode; what else is asked of them is not there.
        on_file: told how many files of how many were fetched.
        cache: folder of all caches; `clam_robot.episodes.stores.cache` says which by default.

    Raises:
        NoEpisodes: nothing to read.
        MissingDependency: a package for such URLs is not installed.
        StoreUnavailable: no such URL, or it cannot be reached.
    """
    if not is_url(place):
        return EpisodeDataset(folder_of(place))
    store = open_store(place)
    found = finished_episodes(store)
    here = EpisodeCache(store, cache)
    here.fetch(found, dict.fromkeys(found, wanted), on_file)
    return EpisodeDataset(here.root, list(found))


def open_episode(
    place: Place,
    number: int,
    *,
    wanted: Wanted = everything,
    on_file: OnFile = _silent,
    cache: Path | None = None,
) -> Episode:
    """Open one episode of a data set, or a single one as its number 0; of a URL the others are not fetched.

    Raises:
        NoEpisodes: nothing to read, or no episode of this number.
        Others: see `open_dataset`, as the arguments.
    """
    if not is_url(place):
        dataset = EpisodeDataset(folder_of(place))
        _require(number, len(dataset))
        return dataset[number]
    store = open_store(place)
    found = finished_episodes(store)
    _require(number, len(found))
    names = list(found)
    here = EpisodeCache(store, cache)
    # Of the first one its robot, which is that of the data set.
    here.fetch(found, {names[0]: attributes_only, names[number]: wanted}, on_file)
    return EpisodeDataset(here.root, names)[number]


def _require(number: int, length: int) -> None:
    if not 0 <= number < length:
        raise NoEpisodes(f"number of the episode: expected 0 to {length - 1}, found {number}")


def summarize_place(place: Place, on_file: OnFile = _silent, cache: Path | None = None) -> DatasetSummary:
    """Look through a data set or a single episode, wherever it is; at a URL only what describes episodes is fetched.

    Args:
        place: path or URL.
        on_file: see `open_dataset`, as the other.

    Raises:
        NoEpisodes: nothing to read, or every episode is damaged.
        MissingDependency, StoreUnavailable: see `open_dataset`.
    """
    if not is_url(place):
        return summarize(folder_of(place))
    store = open_store(place)
    found = finished_episodes(store)
    here = EpisodeCache(store, cache)
    here.fetch(found, dict.fromkeys(found, attributes_only), on_file)
    summary = summarize(here.root if store.is_whole else here.root / next(iter(found)))
    return dataclasses.replace(summary, num_bytes=sum(each.num_bytes for each in found.values()))
