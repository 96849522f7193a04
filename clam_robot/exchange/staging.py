"""A folder that appears whole or not at all."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clam_robot.errors import EpisodeExists


@contextmanager
def staged(destination: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """A hidden folder beside `destination` that takes its name when the block ends without an error.

    What an interrupted attempt left behind is removed by the next one.

    Args:
        destination: where the result goes.
        overwrite: replace what is there; it stays until the new one is whole.

    Raises:
        EpisodeExists: something is there, and nobody said to replace it.
    """
    if destination.exists() and not overwrite:
        raise EpisodeExists(f"expected nothing at {destination}, found something; choose another, or add --overwrite")
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


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
