"""Where clips come from, and how they become a data set."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, runtime_checkable

from clam_robot.episodes.disk import is_full
from clam_robot.errors import EpisodeError
from clam_robot.exchange.clip import Clip, record
from clam_robot.exchange.progress import Progress, silent
from clam_robot.exchange.staging import staged
from clam_robot.specs import RobotSpec


@runtime_checkable
class ClipSource(Protocol):
    """A data set of another program: iterating reads one episode after another."""

    @property
    def spec(self) -> RobotSpec:
        """The robot of all clips."""
        ...

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Clip]: ...


def import_clips(
    source: ClipSource, destination: Path, *, overwrite: bool = False, progress: Progress = silent
) -> Path:
    """Write every clip as an episode of a new data set; returns `destination`.

    Raises:
        EpisodeExists: something is at `destination` and may not be replaced.
        ExchangeError: a clip cannot be read.
        SpecError: a clip does not fit its robot.
        EpisodeError: the disk is full or gone; all is as it was.
    """
    try:
        with staged(destination, overwrite=overwrite) as root:
            for done, clip in enumerate(source):
                record(clip, root)
                progress(done + 1, len(source))
    except EpisodeError as error:
        if not isinstance(error.__cause__, OSError):
            raise
        raise _undone(destination, error.__cause__) from error
    except OSError as error:
        if not is_full(error):
            raise
        raise _undone(destination, error) from error
    return destination


def _undone(destination: Path, error: OSError) -> EpisodeError:
    """What was imported so far went with the hidden folder; nothing else was touched."""
    what, remedy = ("the disk is full", "make room there") if is_full(error) else (str(error), "see that it is there")
    return EpisodeError(
        f"cannot import to {destination}: {what}; nothing was lost and nothing is left to repair: {remedy}, or give "
        "another destination, and import again"
    )
