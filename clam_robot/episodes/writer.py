"""Writes one episode while it happens."""

import dataclasses
import datetime
import logging
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import clam_robot
from clam_robot.episodes import folders, schema
from clam_robot.episodes.attributes import EpisodeAttributes, RecordingStatistics
from clam_robot.episodes.episode_files import EpisodeFiles
from clam_robot.episodes.index import EpisodeIndex
from clam_robot.episodes.row import Row
from clam_robot.episodes.row_queue import RowQueue
from clam_robot.episodes.tally import Tally
from clam_robot.errors import EpisodeError
from clam_robot.specs import RobotSpec
from clam_robot.types import EpisodeOutcome, EpisodeStart, Step

logger = logging.getLogger(__name__)

QUEUE_BYTES = 64 * 2**20
# A disk that is silent for so long [s] is taken to be gone.
_PATIENCE = 120.0


class EpisodeWriter:
    """Takes steps from the control loop and stores them from a thread of its own.

    The episode grows in a hidden folder and gets its name when it is committed, so a folder with a name is whole
    whatever happens. A row that finds the queue full is refused as a whole, frames and all, and counted: frames never
    shift against rows, and the row after the gap is remembered.

    Attributes:
        num_dropped: rows refused so far.
    """

    def __init__(
        self,
        root: Path,
        start: EpisodeStart,
        *,
        calibration: dict[str, Any] | None = None,
        durable: bool = True,
        wait_when_full: bool = False,
        queue_bytes: int = QUEUE_BYTES,
        files: Callable[[Path, RobotSpec], EpisodeFiles] = EpisodeFiles,
    ) -> None:
        """Claim a name and start the thread.

        Args:
            root: folder of the data set; made when it is not there.
            start: what is known of the episode.
            calibration: the robot's calibration, to be kept beside the data.
            durable: bring every file to the disk before the episode gets its name, so that not even a loss of power
                leaves a half-written one. Costs some milliseconds for each camera shard.
            wait_when_full: let `append` wait for the disk, as a simulation can; a real robot cannot.
            queue_bytes: memory for rows that wait for the disk [bytes].
            files: what writes; a test may put a slower disk here.

        Raises:
            EpisodeError: the folder cannot be written.
        """
        self._start = start
        self._calibration = calibration
        self._durable = durable
        self._wait_when_full = wait_when_full
        self._started_at = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        # Frames are encoded one by one as they come; vectors alone are not worth waking the thread for each.
        self._queue = RowQueue(max_bytes=queue_bytes, block_rows=1 if start.spec.cameras else schema.CHUNK_ROWS)
        self._tally = Tally()
        self._failure: Exception | None = None
        self._is_committed = False
        self._num_new_drops = 0
        self.num_dropped = 0
        try:
            self._folder = folders.claim(root)
        except OSError as error:
            raise _unwritable(root, error) from error
        self._lock = folders.lock(self._folder)
        try:
            self._files = files(self._folder, start.spec)
            self._files.begin(self._attributes(None))
        except OSError as error:
            self._remove()
            raise _unwritable(root, error) from error
        self._thread = threading.Thread(target=self._run, name=f"writer of {self._folder.name}", daemon=True)
        self._thread.start()

    @property
    def folder(self) -> Path:
        """Where the episode grows until it is committed."""
        return self._folder

    def append(self, step: Step) -> bool:
        """Take a step; its arrays are copied. Never waits for the disk unless told to at construction.

        Returns:
            Whether the row was taken; False when the queue was full.

        Raises:
            EpisodeError: an earlier row could not be written.
            SpecError: the step does not fit the spec.
        """
        self._raise_failure()
        row = Row.from_step(step, self._start.spec, is_labeled=self._start.is_labeled, num_dropped=self._num_new_drops)
        is_taken = self._queue.put(row, wait=self._wait_when_full)
        self._num_new_drops = 0 if is_taken else self._num_new_drops + 1
        self.num_dropped += not is_taken
        return is_taken

    def end(self, outcome: EpisodeOutcome, *, timeout: float = _PATIENCE) -> None:
        """Take no further steps and write what is left, so that `recover` finds the whole episode; `commit` names it.

        Args:
            outcome: how the episode ended; another one may be given to `commit`.
            timeout: how long to wait for the disk [s].

        Raises:
            EpisodeError: the disk refused or was too slow; what was written stays in the hidden folder.
        """
        self._queue.close()
        self._thread.join(timeout)
        if self._thread.is_alive():
            raise EpisodeError(f"{self._folder} was not written within {timeout} s; is the disk still there?")
        self._raise_failure()
        try:
            self._files.finish(self._attributes(outcome))
            if self._durable:
                folders.fsync_tree(self._folder)
        except OSError as error:
            raise _unfinished(self._folder, error) from error

    def commit(self, outcome: EpisodeOutcome, *, timeout: float = _PATIENCE) -> Path:
        """Write what is left and give the episode its name.

        Args:
            outcome: how the episode ended.
            timeout: how long to wait for the disk [s].

        Returns:
            The finished episode.

        Raises:
            EpisodeError: the disk refused or was too slow; what was written stays in the hidden folder.
        """
        self.end(outcome, timeout=timeout)
        path = folders.final_path(self._folder)
        attributes = self._attributes(outcome)
        try:
            self._folder.rename(path)
            if self._durable:
                folders.fsync(path.parent)
        except OSError as error:
            raise _unfinished(self._folder, error) from error
        self._folder = path
        self._is_committed = True
        self._unlock()
        EpisodeIndex(path.parent).add(path.name, attributes)
        logger.info("%s: %d rows, %d dropped, %s", path, attributes.length, self.num_dropped, attributes.end)
        return path

    def discard(self) -> None:
        """Forget the episode and delete what was written of it; does nothing after `commit`."""
        if self._stop():
            self._remove()

    def abandon(self) -> None:
        """Stop, but leave what was written in the hidden folder for `recover`; does nothing after `commit`."""
        self._stop()
        self._unlock()

    def _stop(self) -> bool:
        self._queue.close(discard=True)
        self._thread.join(_PATIENCE)
        return not self._thread.is_alive()

    def _remove(self) -> None:
        if not self._is_committed:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> "EpisodeWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()

    def _run(self) -> None:
        try:
            while rows := self._queue.get():
                for row in rows:
                    self._tally.add(row)
                self._files.append(rows)
        except Exception as error:  # noqa: BLE001 (raised again in the caller's thread)
            self._failure = error
            self._queue.close(discard=True)

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise EpisodeError(f"cannot write {self._folder}: {self._failure}; is the disk full?") from self._failure

    def _attributes(self, outcome: EpisodeOutcome | None) -> EpisodeAttributes:
        start = EpisodeAttributes(
            schema_version=schema.SCHEMA_VERSION,
            spec=self._start.spec,
            task=self._start.task,
            source=self._start.source,
            seed=self._start.seed,
            is_labeled=self._start.is_labeled,
            calibration=self._calibration,
            started_at=self._started_at,
            software=f"clam-robot {clam_robot.__version__}",
            length=0,
            num_labeled=0,
            success=None,
            end="recording",
            recording=RecordingStatistics(),
            operator=self._start.operator,
            mode=self._start.mode,
        )
        if outcome is None:
            return start
        return dataclasses.replace(
            start,
            length=self._tally.length,
            num_labeled=self._tally.num_labeled,
            success=outcome.success,
            end=outcome.end,
            recording=self._tally.statistics(outcome, num_dropped=self.num_dropped),
            verdict=outcome.verdict,
            notes=outcome.notes,
        )


def _unfinished(folder: Path, error: OSError) -> EpisodeError:
    return EpisodeError(f"cannot finish {folder}: {error}; is the disk full?")


def _unwritable(root: Path, error: OSError) -> EpisodeError:
    return EpisodeError(f"cannot record into {root}: {error}; give a folder that can be written")
