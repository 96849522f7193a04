"""What commands print: one console, progress bars, and the training progress on top of them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

console = Console(highlight=False)
error_console = Console(stderr=True, highlight=False)


@contextmanager
def progress_bars() -> Iterator[Progress]:
    """Bars with counts, elapsed and remaining time, and a free text field `note`."""
    with Progress(
        TextColumn("{task.description:<28}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
        console=console,
    ) as bars:
        yield bars


class TrainingBars:
    """Shows each training stage as a bar with its newest losses. A context manager."""

    def __init__(self, prefix: str = "") -> None:
        self._prefix = prefix
        self._manager = progress_bars()
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._bars = self._manager.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._manager.__exit__(None, None, None)

    def update(self, stage: str, step: int, total: int, logs: Mapping[str, float]) -> None:
        """Move a stage's bar; see `clam_robot.training.trainer.Progress`."""
        assert self._bars is not None
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(f"{self._prefix}{stage.replace('_', ' ')}", total=total, note="")
        note = "  ".join(f"{name} {value:.3f}" for name, value in logs.items())
        self._bars.update(self._tasks[stage], completed=step, note=note)
