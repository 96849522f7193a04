"""Data sets that commands read, at a path or a URL, with a bar while they are fetched."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from clam_robot.cli.console import Bars, progress_bars
from clam_robot.episodes import folders
from clam_robot.episodes.dataset import EpisodeDataset
from clam_robot.episodes.reader import Episode
from clam_robot.episodes.stores.cache import Wanted, everything
from clam_robot.episodes.stores.opening import open_store
from clam_robot.episodes.stores.place import Place, folder_of, is_url, name_of
from clam_robot.episodes.stores.reading import open_dataset, open_episode


def open_with_bar(place: Place, *, wanted: Wanted = everything) -> EpisodeDataset:
    """`open_dataset`, with a bar while something is fetched."""
    with fetching(place) as on_file:
        return open_dataset(place, wanted=wanted, on_file=on_file)


def open_episode_with_bar(place: Place, number: int, *, wanted: Wanted = everything) -> Episode:
    """`open_episode`, with a bar while something is fetched."""
    with fetching(place) as on_file:
        return open_episode(place, number, wanted=wanted, on_file=on_file)


def fetch_with_bar(place: Place | None, wanted: Wanted) -> None:
    """Fetch what will be read of a URL; nothing for a path, or for no place at all."""
    if place is not None and is_url(place):
        open_with_bar(place, wanted=wanted)


def unfinished_copies(place: Place) -> list[str]:
    """Names of the episodes whose copy to a place is under way, or was interrupted."""
    if is_url(place):
        return [name for name, each in open_store(place).look().items() if not each.is_finished]
    folder = folder_of(place)
    return folders.episodes_being_copied(folder) if folder.is_dir() else []


@contextmanager
def fetching(place: Place) -> Iterator[Callable[[int, int], object]]:
    """A bar of files that is there from the first file on."""
    with progress_bars() as bars:
        yield _Bar(bars, f"fetching {name_of(place)}").show


class _Bar:
    def __init__(self, bars: Bars, text: str) -> None:
        self._bars, self._text = bars, text
        self._task = None

    def show(self, done: int, total: int) -> None:
        if self._task is None:
            self._task = self._bars.add_task(self._text, total=total, note="files")
        self._bars.show(self._task, done, "files")
