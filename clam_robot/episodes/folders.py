"""Names of episodes within a data set, and which folders are finished ones."""

import fcntl
import logging
import os
import re
from pathlib import Path

from clam_robot.episodes import schema

logger = logging.getLogger(__name__)

_FINISHED = re.compile(r"episode_(\d{6,})")
_PARTIAL = re.compile(r"\.episode_(\d{6,})\.partial")
_COPYING = re.compile(r"\.(episode_\d{6,})\.copy")


def finished_episodes(root: Path) -> list[str]:
    """Names of the finished episodes in `root`, oldest first; costs one directory listing."""
    return sorted(filter(_FINISHED.fullmatch, _names(root)), key=lambda name: (len(name), name))


def partial_episodes(root: Path) -> list[str]:
    """Names of the episodes in `root` that are being recorded, or that a crash left behind."""
    return sorted(filter(_PARTIAL.fullmatch, _names(root)))


def misnamed_episodes(root: Path) -> list[str]:
    """Names of folders in `root` that hold an episode and are not called as one, so that nobody finds it."""
    known = (_FINISHED, _PARTIAL, _COPYING)
    unknown = (name for name in _names(root) if not any(each.fullmatch(name) for each in known))
    return sorted(name for name in unknown if (root / name / schema.METADATA).is_file())


def next_name(root: Path) -> str:
    """What the next episode in `root` would be called."""
    return f"episode_{_next_number(root):06}"


def episodes_being_copied(root: Path) -> list[str]:
    """What the episodes will be called that are being copied to `root`, or whose copy was interrupted."""
    return sorted(copied for name in _names(root) if (copied := episode_being_copied(name)) is not None)


def copying_name(name: str) -> str:
    """What the copy of an episode is called before it gets its name."""
    return f".{name}.copy"


def copying_path(root: Path, name: str) -> Path:
    """Where an episode is copied to before it gets its name."""
    return root / copying_name(name)


def episode_being_copied(name: str) -> str | None:
    """What the episode will be called whose copy has this hidden name; None for any other name."""
    match = _COPYING.fullmatch(name)
    return None if match is None else match[1]


def is_finished(folder: Path) -> bool:
    """Whether a folder has the name of a finished episode."""
    return is_finished_name(folder.name)


def is_finished_name(name: str) -> bool:
    """Whether a name is that of a finished episode."""
    return _FINISHED.fullmatch(name) is not None


def is_partial(folder: Path) -> bool:
    """Whether a folder has the name of an unfinished episode."""
    return _PARTIAL.fullmatch(folder.name) is not None


def claim(root: Path) -> Path:
    """Make the folder of a new episode under the next free number; safe with several writers.

    Returns:
        The folder to record into; `final_path` says what it is to be called.
    """
    root.mkdir(parents=True, exist_ok=True)
    number = _next_number(root)
    while True:
        partial = root / f".episode_{number:06}.partial"
        try:
            partial.mkdir()
        except FileExistsError:
            number += 1
            continue
        # Another writer may have claimed and committed this number since it was looked up.
        if not final_path(partial).exists():
            return partial
        partial.rmdir()
        number += 1


def final_path(partial: Path) -> Path:
    """Where a claimed episode goes when it is committed."""
    return partial.with_name(partial.name.removeprefix(".").removesuffix(".partial"))


def lock(folder: Path) -> int | None:
    """Say that `folder` is being recorded into, for as long as this process lives and the descriptor is open.

    Returns:
        The descriptor to close in the end; None when another one holds the lock.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError as error:
        logger.warning("%s: this file system has no locks (%s); a recording in progress cannot be told", folder, error)
    return descriptor


def is_being_recorded(folder: Path) -> bool:
    """Whether a living process records into `folder`."""
    descriptor = lock(folder)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False


def num_bytes(folder: Path | str) -> int:
    """Size of all files below `folder` [bytes]."""
    total = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            total += num_bytes(entry.path) if entry.is_dir(follow_symlinks=False) else entry.stat().st_size
    return total


def _next_number(root: Path) -> int:
    found = [_FINISHED.fullmatch(name) or _PARTIAL.fullmatch(name) for name in _names(root)]
    return max((int(match[1]) for match in found if match), default=-1) + 1


def _names(root: Path) -> list[str]:
    with os.scandir(root) as entries:
        return [entry.name for entry in entries]
