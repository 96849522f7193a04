"""What commands print: one console, progress bars, and the training progress on top of them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

console = Console(highlight=False)
error_console = Console(stderr=True, highlight=False)


@contextmanager
def progress_bars() -> Iterator[Progress]:
    """Bars with counts, remaining time (elapsed once finished), and a free text field `note`."""
    with Progress(
        TextColumn("{task.description:<26}"),
        BarColumn(bar_width=12),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
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

    def __enter__(self) -> "TrainingBars":
        self._bars = self._manager.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._manager.__exit__(None, None, None)

    def update(self, stage: str, step: int, total: int, logs: Mapping[str, float]) -> None:
        """Move a stage's bar; see `clam_robot.training.trainer.Progress`."""
        assert self._bars is not None
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(f"{self._prefix}{stage.replace('_', ' ')}", total=total, note="")
        note = f"loss {logs['loss']:.3f}" if "loss" in logs else ""
        self._bars.update(self._tasks[stage], completed=step, note=note)
