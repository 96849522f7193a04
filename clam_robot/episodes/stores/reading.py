"""Opens data sets for reading, wherever they are."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

from clam_robot.episodes.dataset import EpisodeDataset
from clam_robot.episodes.stores.cache import EpisodeCache, Wanted, attributes_only, everything
from clam_robot.episodes.stores.opening import finished_episodes, open_store
from clam_robot.episodes.stores.place import Place, folder_of, is_url
from clam_robot.episodes.summary import DatasetSummary, summarize
from clam_robot.errors import NoEpisodes


def open_dataset(
    place: Place,
    *,
    number: int | None = None,
    wanted: Wanted = everything,
    on_file: Callable[[int, int], object] = lambda done, total: None,
    cache: Path | None = None,
) -> EpisodeDataset:
    """Open a data set or a single episode; what is at a URL is fetched into a folder of this machine before.

    Args:
        place: path or URL.
        number: the only episode that will be read; all by default.
        wanted: which of its files.
        on_file: told how many files of how many were fetched.
        cache: folder of all caches; `clam_robot.episodes.stores.cache` says which by default.

    Raises:
        NoEpisodes: nothing to read, or no episode of this number.
        MissingDependency: a package for such URLs is not installed.
        StoreUnavailable: no such URL, or it cannot be reached.
    """
    if not is_url(place):
        dataset = EpisodeDataset(folder_of(place))
        _require(number, len(dataset))
        return dataset
    store = open_store(place)
    found = finished_episodes(store)
    names = list(found)
    _require(number, len(names))
    wanted_of = dict.fromkeys(names, wanted)
    if number is not None:  # the first one, too: its robot is that of the data set
        wanted_of = {names[0]: attributes_only, names[number]: wanted}
    here = EpisodeCache(store, cache)
    here.fetch(found, wanted_of, on_file)
    return EpisodeDataset(here.root, names)


def _require(number: int | None, length: int) -> None:
    if number is not None and not 0 <= number < length:
        raise NoEpisodes(f"number of the episode: expected 0 to {length - 1}, found {number}")


def summarize_place(
    place: Place, on_file: Callable[[int, int], object] = lambda done, total: None, cache: Path | None = None
) -> DatasetSummary:
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
