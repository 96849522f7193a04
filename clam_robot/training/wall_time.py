"""Wall time of work that may be interrupted and goes on later."""

import json
from collections.abc import Mapping
from pathlib import Path

from clam_robot.timing import Clock
from clam_robot.training.trainer import Progress


class WallTime:
    """Seconds that all calls have spent together, kept in a file between them.

    Args:
        path: of the file; it is there only while the work is not finished.
        clock: of this call, which begins now.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._before = _read(path)
        self._begin = clock.now()

    @property
    def seconds(self) -> float:
        """So far [s]."""
        return self._before + self._clock.now() - self._begin

    def save(self) -> None:
        """Keep it, for the case that this call comes no further."""
        partial = self._path.with_suffix(".partial")
        partial.write_text(json.dumps({"seconds": round(self.seconds, 3)}))
        partial.replace(self._path)

    def end(self) -> None:
        """The work is finished, and the time is stored with its result."""
        self._path.unlink(missing_ok=True)


class TimedProgress:
    """Keeps the wall time at every report.

    Args:
        progress: who is told.
        wall_time: to keep.
    """

    def __init__(self, progress: Progress, wall_time: WallTime) -> None:
        self._progress = progress
        self._wall_time = wall_time

    def update(self, stage: str, step: int, total: int, logs: Mapping[str, float]) -> None:
        """See `clam_robot.training.trainer.Progress`."""
        self._wall_time.save()
        self._progress.update(stage, step, total, logs)


def _read(path: Path) -> float:
    try:
        return float(json.loads(path.read_text())["seconds"])
    except (FileNotFoundError, ValueError, LookupError, TypeError):
        return 0.0  # it only informs: no reason to refuse to go on
