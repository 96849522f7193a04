"""A folder that appears whole or not at all."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clam_robot.episodes.folder_lock import require_free
from clam_robot.errors import EpisodeExists


@contextmanager
def staged(destination: Path, *, source: Path | None = None, overwrite: bool = False) -> Iterator[Path]:
    """A hidden folder beside `destination` that takes its name when the block ends without an error.

    What an interrupted attempt left behind is removed by the next one.

    Args:
        destination: where the result goes.
        source: what is read meanwhile, which must never be replaced.
        overwrite: replace what is there; it stays until the new one is whole.

    Raises:
        EpisodeExists: something is there, and nobody said to replace it, or it has to do with the source.
        FolderInUse: another program records there.
    """
    if source is not None:
        require_apart(destination, source)
    if destination.exists() and not overwrite:
        raise EpisodeExists(f"expected nothing at {destination}, found something; choose another, or add --overwrite")
    require_free(destination)
    aside = destination.parent / f".{destination.name}.partial"
    old = destination.parent / f".{destination.name}.old"
    destination.parent.mkdir(parents=True, exist_ok=True)
    for left in (aside, old):
        _remove(left)
    aside.mkdir()
    try:
        yield aside
        if destination.exists():
            destination.rename(old)
        aside.rename(destination)
        _remove(old)
    finally:
        _remove(aside)


def require_apart(destination: Path, source: Path) -> None:
    """Refuse to replace what is read: a destination that is the source, holds it, or is something within it.

    Raises:
        EpisodeExists: it would be replaced.
    """
    there, read = destination.resolve(), source.resolve()
    if not there.exists() or (there != read and there not in read.parents and read not in there.parents):
        return
    how = "it" if there == read else "a folder that holds it" if there in read.parents else "something within it"
    raise EpisodeExists(
        f"expected a destination apart from {source}, which is read, found {how}, {destination}; choose another"
    )


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
