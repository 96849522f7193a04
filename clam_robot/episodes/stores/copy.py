"""Copies episodes from one store to another, so that what is there is whole and nothing is ever overwritten."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from clam_robot.episodes import schema
from clam_robot.episodes.stores.episode_store import EpisodeStore, StoredEpisode
from clam_robot.episodes.stores.parallel import in_parallel
from clam_robot.errors import DamagedEpisode, EpisodeError, EpisodeExists, StoreUnavailable

_REMEDY = "nothing was overwritten; copy to another folder"


@dataclass(frozen=True, kw_only=True)
class Copied:
    """What became of an episode.

    Attributes:
        name: of the episode.
        was_there: whether the same was there already.
        error: why it was not copied; None where it is there now.
    """

    name: str
    was_there: bool = False
    error: EpisodeError | None = None


def copy_episodes(
    source: EpisodeStore,
    target: EpisodeStore,
    names: Sequence[str] | None = None,
    *,
    reads_back: bool = True,
    on_bytes: Callable[[int], object] = lambda num_bytes: None,
) -> Iterator[Copied]:
    """Copy finished episodes, each as soon as it is asked for.

    An episode is the same as one of its name when descriptions and sizes of all files agree. What an interrupted copy
    left is gone on with.

    Args:
        source: where they are.
        target: where they shall be.
        names: which; all by default.
        reads_back: read every file of a copy again before the copy counts, and compare.
        on_bytes: told of every file that is dealt with, its size.

    Yields:
        What became of each.

    Raises:
        StoreUnavailable: source or target cannot be reached; the next copy goes on from there.
        OSError: the disk is full or gone.
    """
    here, there = {name: each for name, each in source.look().items() if each.is_finished}, target.look()
    wanted = list(here) if names is None else list(names)
    sames = in_parallel(lambda name: _is_same(source, target, name, here[name], there.get(name)), wanted)
    for name, is_same in zip(wanted, list(sames), strict=True):
        if is_same:
            on_bytes(here[name].num_bytes)
            yield Copied(name=name, was_there=True)
            continue
        try:
            _copy(source, target, name, here[name], there.get(name), reads_back=reads_back, on_bytes=on_bytes)
        except StoreUnavailable:
            raise
        except EpisodeError as error:
            yield Copied(name=name, error=error)
        else:
            yield Copied(name=name)
        finally:
            target.release()


def _is_same(
    source: EpisodeStore, target: EpisodeStore, name: str, here: StoredEpisode, there: StoredEpisode | None
) -> bool:
    if there is None or not there.is_finished or dict(there.files) != dict(here.files):
        return False
    return source.read(name, schema.METADATA) == target.read(name, schema.METADATA)


def _copy(
    source: EpisodeStore,
    target: EpisodeStore,
    name: str,
    here: StoredEpisode,
    there: StoredEpisode | None,
    *,
    reads_back: bool,
    on_bytes: Callable[[int], object],
) -> None:
    where = f"{target.place}/{name}"
    if there is not None and there.is_finished:
        raise EpisodeExists(f"{where} is another episode than {source.place}/{name}; {_REMEDY}")
    if there is not None and not there.is_claimed:
        raise EpisodeExists(f"{where} holds files that no copy of ours has written; {_REMEDY}, or remove them")
    marker = source.read(name, schema.METADATA)
    if target.claim(name, marker) != marker:
        raise EpisodeExists(f"another episode is being copied to {where}, or was; {_REMEDY}")
    present: Mapping[str, int] = {} if there is None else there.files
    strangers = sorted(present.keys() - here.files.keys())
    if strangers:
        raise EpisodeExists(f"{where} holds {strangers[0]}, which {source.place}/{name} has not; {_REMEDY}")

    def transfer(file: str) -> int:
        is_present = present.get(file) == here.files[file]
        if not is_present or reads_back:
            content = source.read(name, file)
            if not is_present or target.read_back(name, file) != content:
                _write(target, name, file, content, reads_back=reads_back)
        return here.files[file]

    on_bytes(len(marker))
    for num_bytes in in_parallel(transfer, [file for file in here.files if file != schema.METADATA]):
        on_bytes(num_bytes)
    target.finish(name, marker)


def _write(target: EpisodeStore, name: str, file: str, content: bytes, *, reads_back: bool) -> None:
    target.write(name, file, content)
    if reads_back and target.read_back(name, file) != content:
        raise DamagedEpisode(
            f"{target.place}/{name}: {file} was read back otherwise than it was written; the copy does not count yet, "
            "copy again"
        )
