"""Several training runs at a time, each in its own process."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from queue import Empty, Queue
from threading import Event
from typing import Any

from clam_robot.errors import TrainingError
from clam_robot.processes import worker_pool
from clam_robot.training.config import TrainConfig
from clam_robot.training.run import TrainingResult, run_training
from clam_robot.training.trainer import Progress

_POLL_SECONDS = 0.2

Updates = Queue[tuple[str, int, int, Mapping[str, float]]]


@dataclass(frozen=True, kw_only=True)
class TrainingJob:
    """A run to do.

    Attributes:
        name: shown with its progress.
        config: of the run.
        directory: folder of the run.
    """

    name: str
    config: TrainConfig
    directory: Path


def run_jobs(jobs: Sequence[TrainingJob], progress: Progress, *, workers: int = 2) -> list[TrainingResult]:
    """Run every job; the results come in their order.

    Interrupted or failed, each job goes on from its last state when it is run again.

    Raises:
        ClamRobotError: the first failure of a job; the others stop at their next report.
    """
    with get_context("spawn").Manager() as manager, worker_pool(workers) as pool:
        updates: Updates = manager.Queue()
        stop = manager.Event()
        futures = [pool.submit(_run_job, job, updates, stop) for job in jobs]
        try:
            while not _is_settled(futures):
                _forward(updates, progress)
            _forward(updates, progress)
            return [future.result() for future in futures]
        except BaseException:
            stop.set()
            raise


def _is_settled(futures: Sequence[Future[Any]]) -> bool:
    done, waiting = wait(futures, timeout=_POLL_SECONDS)
    return not waiting or any(future.exception() is not None for future in done)


def _forward(updates: Updates, progress: Progress) -> None:
    while True:
        try:
            progress.update(*updates.get_nowait())
        except Empty:
            return


def _run_job(job: TrainingJob, updates: Updates, stop: Event) -> TrainingResult:
    return run_training(job.config, job.directory, _Forwarder(job.name, updates, stop))


class _Forwarder:
    """Sends progress to the parent process under the job's name, and stops the job when the parent asks."""

    def __init__(self, name: str, updates: Updates, stop: Event) -> None:
        self._name = name
        self._updates = updates
        self._stop = stop

    def update(self, stage: str, step: int, total: int, logs: Mapping[str, float]) -> None:
        if self._stop.is_set():
            raise TrainingError(f"{self._name} was stopped at {stage} {step} of {total}; the same command goes on")
        self._updates.put((f"{self._name}: {stage}", step, total, dict(logs)))
