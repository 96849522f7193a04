"""What commands print: one console, progress bars, and the training progress on top of them."""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from rich.console import Console
from rich.logging import RichHandler
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

# Where nobody watches, as in a log file, lines are as wide as tables need them.
_LOG_WIDTH = 160

# Of the processes that share a training run the first one talks.
console = Console(highlight=False, quiet=os.environ.get("LOCAL_RANK", "0") != "0")
error_console = Console(stderr=True, highlight=False)
for each in (console, error_console):
    if not each.is_terminal:
        each.width = _LOG_WIDTH


# Where nobody watches, as in a log file, a bar is told in this many lines.
_LINES = 10


class Bars(Progress):
    """Bars on a terminal; elsewhere a line whenever a bar is another tenth further."""

    def __init__(self) -> None:
        super().__init__(
            TextColumn("{task.description:<26}"),
            BarColumn(bar_width=12),
            MofNCompleteColumn(),
            TimeRemainingColumn(elapsed_when_finished=True),
            TextColumn("{task.fields[note]}"),
            console=console,
            disable=not console.is_terminal,
        )

    def show(self, task_id: TaskID, completed: int, note: str) -> None:
        """Move a bar.

        Args:
            task_id: which, as `add_task` gave it.
            completed: how far it is.
            note: free text behind it.
        """
        task = self._tasks[task_id]
        before, note_before = task.completed, task.fields["note"]
        self.update(task_id, completed=completed, note=note)
        if console.is_terminal or not task.total:
            return
        is_stuck = completed == before == 0 and note != note_before  # nothing comes of it, but something happens
        if is_stuck or int(_LINES * completed / task.total) > int(_LINES * before / task.total):
            console.print(
                f"{task.description}: {completed} of {task.total:g}{', ' if note else ''}{note}", markup=False
            )


@contextmanager
def logs_above(display: Console) -> Iterator[None]:
    """What is logged to the terminal goes above what is shown there live, which it would tear apart otherwise."""
    torn = [
        handler
        for handler in logging.getLogger().handlers
        if isinstance(handler, RichHandler) and handler.console.is_terminal and display.is_terminal
    ]
    before = [handler.console for handler in torn]
    for handler in torn:
        handler.console = display
    try:
        yield
    finally:
        for handler, console in zip(torn, before, strict=True):
            handler.console = console


def plural(count: int, noun: str) -> str:
    """A count with its noun."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


@contextmanager
def progress_bars() -> Iterator[Bars]:
    """Bars with counts, remaining time (elapsed once finished), and a free text field `note`."""
    with Bars() as bars:
        yield bars


class TrainingBars:
    """Shows each training stage as a bar with its newest losses. A context manager; silent until the first update."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._bars: Bars | None = None
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> "TrainingBars":
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def update(self, stage: str, step: int, total: int, logs: Mapping[str, float]) -> None:
        """Move a stage's bar; see `clam_robot.training.trainer.Progress`."""
        if self._bars is None:
            self._bars = self._stack.enter_context(progress_bars())
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(stage.replace("_", " "), total=total, note="")
        self._bars.show(self._tasks[stage], step, f"loss {logs['loss']:.3f}" if "loss" in logs else "")
