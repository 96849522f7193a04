"""Several jobs at a time, each in its own process; training runs above all."""

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from queue import Empty
from typing import Protocol, TypeVar, runtime_checkable

from clam_robot.errors import TrainingError
from clam_robot.processes import interrupts_later, worker_pool
from clam_robot.training.config import TrainConfig
from clam_robot.training.run import TrainingResult, run_training
from clam_robot.training.trainer import Progress

_POLL_SECONDS = 0.2

Update = tuple[str, int, int, Mapping[str, float]]
Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)


@runtime_checkable
class Job(Protocol[Result_co]):
    """Long work that can be sent to another process, and goes on where it was when it is done again."""

    @property
    def name(self) -> str:
        """Shown with its progress."""
        ...

    def run(self, progress: Progress) -> Result_co:
        """Do it."""
        ...


@runtime_checkable
class Updates(Protocol):
    """A queue between processes."""

    def put(self, item: Update) -> None:
        """Append."""
        ...

    def get_nowait(self) -> Update:
        """The oldest; raises `queue.Empty`."""
        ...


@runtime_checkable
class Stop(Protocol):
    """An event between processes."""

    def is_set(self) -> bool:
        """Whether the parent wants the jobs to stop."""
        ...


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

    def run(self, progress: Progress) -> TrainingResult:
        """Train, or go on with the run."""
        return run_training(self.config, self.directory, progress)


def run_jobs(
    jobs: Sequence[Job[Result]],
    progress: Progress,
    *,
    workers: int = 2,
    on_result: Callable[[Job[Result], Result], None] = lambda job, result: None,
) -> list[Result]:
    """Run every job; the results come in their order.

    Interrupted or failed, each job goes on from its last state when it is run again.

    Args:
        jobs: to do.
        progress: told of every job's progress, with the job's name before the stage's.
        workers: processes.
        on_result: told of every result as it comes.

    Raises:
        ClamRobotError: the first failure of a job; the others stop at their next report.
        TrainingError: a process was killed.
    """
    with ExitStack() as stack:
        with interrupts_later():
            manager = stack.enter_context(get_context("spawn").Manager())
        pool = stack.enter_context(worker_pool(workers))
        updates: Updates = manager.Queue()
        stop = manager.Event()
        futures = [pool.submit(_run_job, job, updates, stop) for job in jobs]
        job_of = dict(zip(futures, jobs, strict=True))
        try:
            waiting: Collection[Future[Result]] = futures
            while waiting:
                done, waiting = wait(waiting, timeout=_POLL_SECONDS, return_when=FIRST_EXCEPTION)
                _forward(updates, progress)
                for future in done:
                    on_result(job_of[future], future.result())
            return [future.result() for future in futures]
        except BrokenProcessPool:
            raise TrainingError(
                "a training process was killed, perhaps for lack of memory; the same command goes on, "
                "with fewer workers if need be"
            ) from None
        except BaseException:
            stop.set()
            raise


def _forward(updates: Updates, progress: Progress) -> None:
    while True:
        try:
            progress.update(*updates.get_nowait())
        except Empty:
            return


def _run_job(job: Job[Result], updates: Updates, stop: Stop) -> Result:
    return job.run(_Forwarder(job.name, updates, stop))


class _Forwarder:
    """Sends progress to the parent process under the job's name, and stops the job when the parent asks."""

    def __init__(self, name: str, updates: Updates, stop: Stop) -> None:
        self._name = name
        self._updates = updates
        self._stop = stop

    def update(self, stage: str, step: int, total: int, logs: Mapping[str, float]) -> None:
        if self._stop.is_set():
            raise TrainingError(f"{self._name} was stopped at {stage} {step} of {total}; the same command goes on")
        self._updates.put((f"{self._name}: {stage}", step, total, dict(logs)))
