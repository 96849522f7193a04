"""How much of this machine's disk the copies of remote data sets may take."""

import fcntl
import logging
import math
import os
import re
import shutil
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from clam_robot.errors import ConfigError

logger = logging.getLogger(__name__)

SIZE = "CLAM_ROBOT_CACHE_SIZE"
"""Environment variable that says how much all caches may take together [GB]."""

DEFAULT_SIZE = 50.0
"""What they may take without it [GB]."""

# What else somebody keeps in the folder is not ours to delete.
_HOME = re.compile(r"[0-9a-f]{16}")
_READERS = "readers"
_GB = 1e9

# By the folder of a cache: held open, and so locked, until this process ends.
_reading: dict[Path, int] = {}


def hold(home: Path) -> None:
    """Say until the end of this process that a data set is read here, and that it was used now.

    Args:
        home: of one data set's cache, which the caller has locked.
    """
    path = home / _READERS
    if home not in _reading or not path.exists():  # a person may delete all caches at any time
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        _reading[home] = descriptor
    os.utime(path)


def make_room(folder: Path, needed: int) -> None:
    """Forget data sets, the one that was not used for the longest first, until there is room for more.

    One that any living process has read from is never touched; where room cannot be made, that is said.

    Args:
        folder: of all caches.
        needed: what is to come [bytes].

    Raises:
        ConfigError: the size that was asked for is none.
    """
    limit = _limit()
    homes = (each for each in folder.iterdir() if _HOME.fullmatch(each.name) and each.is_dir())
    sizes = {home: _num_bytes(home) for home in homes}
    excess = sum(sizes.values()) + needed - limit
    for home in sorted(sizes, key=_used):
        if excess <= 0:
            return
        with _unread(home) as is_unread:
            if is_unread and sizes[home]:
                _empty(home)
                excess -= sizes[home]
                logger.info("forgot the copy of a remote data set at %s, %.1f GB", home, sizes[home] / _GB)
    if excess > 0:
        logger.warning(
            "the copies of remote data sets at %s take %.1f GB more than the %.1f GB they may, for all of them"
            " are being read; see that the disk has room, or set %s [GB]",
            folder,
            excess / _GB,
            limit / _GB,
            SIZE,
        )


def _limit() -> float:
    given = os.environ.get(SIZE, "")
    try:
        limit = float(given) if given else DEFAULT_SIZE
    except ValueError:
        limit = math.nan
    if not limit > 0:
        raise ConfigError(f"{SIZE}: expected a number of GB above 0, found {given!r}")
    return limit * _GB


@contextmanager
def _unread(home: Path) -> Generator[bool, None, None]:
    """Whether nobody fetches into it or reads it, which then stays so meanwhile."""
    with ExitStack() as stack:
        try:
            for path, flags in ((home, os.O_RDONLY), (home / _READERS, os.O_RDWR | os.O_CREAT)):
                descriptor = os.open(path, flags, 0o666)
                stack.callback(os.close, descriptor)
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True


def _empty(home: Path) -> None:
    """Delete everything but what the locks are on."""
    for path in home.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != _READERS:
            path.unlink(missing_ok=True)


def _used(home: Path) -> float:
    """When it was last used; caches of older versions never were."""
    try:
        return (home / _READERS).stat().st_mtime
    except OSError:
        return 0.0


def _num_bytes(home: Path) -> int:
    """Size of all files [bytes]; of those that another process deletes meanwhile, none."""
    total = 0
    for folder, _, names in os.walk(home):
        for name in names:
            with suppress(OSError):
                total += (Path(folder) / name).stat().st_size
    return total
