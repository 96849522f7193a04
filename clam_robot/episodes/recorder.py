"""Records every episode a control loop runs."""

import logging
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from clam_robot.episodes.episode_files import EpisodeFiles
from clam_robot.episodes.writer import QUEUE_BYTES, EpisodeWriter
from clam_robot.errors import ClamRobotError, EpisodeError
from clam_robot.specs import RobotSpec
from clam_robot.types import EpisodeOutcome, EpisodeStart, Step

logger = logging.getLogger(__name__)


class Recorder:
    """A `Subscriber` that writes each episode it is told of.

    A disk that fails in mid-episode never disturbs the arm: the failure is logged at once and raised when the episode
    ends. Leaving the `with` block, or `close`, discards an episode that never ended.

    With `is_reviewed` an episode that ended waits, written, until `commit` or `discard`; what nobody decides on is left
    in its hidden folder for `recover`, and so is what a kill leaves.

    Attributes:
        paths: the episodes kept so far.
        num_discarded: episodes that were not kept.
        num_left: episodes left for `recover`, as nobody decided on them or the disk refused them.
        num_dropped: rows lost because the disk was slower than the robot.
    """

    def __init__(
        self,
        root: Path,
        *,
        keep: Callable[[EpisodeOutcome], bool] | None = None,
        is_reviewed: bool = False,
        calibration: dict[str, Any] | None = None,
        durable: bool = True,
        wait_when_full: bool = False,
        queue_bytes: int = QUEUE_BYTES,
        files: Callable[[Path, RobotSpec], EpisodeFiles] = EpisodeFiles,
    ) -> None:
        """Nothing is written before the first episode.

        Args:
            root: folder of the data set.
            keep: says of an ended episode whether to keep it; all are kept without.
            is_reviewed: whether a person says of each what becomes of it, after its end.
            calibration: see `EpisodeWriter`, as the other arguments.
        """
        self._root = root
        self._keep = keep
        self._is_reviewed = is_reviewed
        self._calibration = calibration
        self._durable = durable
        self._wait_when_full = wait_when_full
        self._queue_bytes = queue_bytes
        self._files = files
        self._writer: EpisodeWriter | None = None
        self._outcome: EpisodeOutcome | None = None
        self._failure: ClamRobotError | None = None
        self.paths: list[Path] = []
        self.num_discarded = 0
        self.num_left = 0
        self.num_dropped = 0

    @property
    def root(self) -> Path:
        """Folder of the data set; not there before the first episode, perhaps."""
        return self._root

    @property
    def num_kept(self) -> int:
        """Episodes kept so far."""
        return len(self.paths)

    @property
    def undecided(self) -> EpisodeOutcome | None:
        """How the episode ended that waits for `commit` or `discard`; None while none does."""
        return self._outcome

    @property
    def num_dropped_now(self) -> int:
        """Rows lost so far in the episode under way, or in the one that waits."""
        return 0 if self._writer is None else self._writer.num_dropped

    def on_episode_start(self, start: EpisodeStart) -> None:
        """Begin an episode; see `close` for the one before.

        Raises:
            EpisodeError: the folder cannot be written.
        """
        self.close()
        self._failure = None
        self._writer = EpisodeWriter(
            self._root,
            start,
            calibration=self._calibration,
            durable=self._durable,
            wait_when_full=self._wait_when_full,
            queue_bytes=self._queue_bytes,
            files=self._files,
        )

    def on_step(self, step: Step) -> None:
        """Take a step."""
        if self._writer is None or self._failure is not None:
            return
        try:
            self._writer.append(step)
        except ClamRobotError as error:
            self._failure = error
            logger.error("recording stopped: %s", error)

    def on_episode_end(self, outcome: EpisodeOutcome) -> None:
        """Keep or discard the episode, or have it wait for who does.

        Raises:
            ClamRobotError: it could not be recorded; what was written stays in a hidden folder, for `recover`.
        """
        if self._is_reviewed and self._writer is not None and self._failure is None:
            try:
                self._writer.end(outcome)
                self._outcome = outcome
            except BaseException:
                self._take().abandon()
                self.num_left += 1
                raise
            return
        self._finish(outcome)

    def commit(self, outcome: EpisodeOutcome) -> Path:
        """Keep the episode that waits.

        Args:
            outcome: as it ended, with what the person says of it.

        Raises:
            EpisodeError: none waits, or it could not be written; it stays in a hidden folder, for `recover`.
        """
        if self._outcome is None:
            raise EpisodeError("expected an episode that waits to be kept, found none; record one first")
        self._finish(outcome)
        return self.paths[-1]

    def discard(self) -> None:
        """Delete the episode that waits; nothing where none does."""
        if self._outcome is not None:
            self._take().discard()
            self.num_discarded += 1

    def _take(self) -> EpisodeWriter:
        writer, self._writer, self._outcome = self._writer, None, None
        assert writer is not None
        return writer

    def _finish(self, outcome: EpisodeOutcome) -> None:
        if self._writer is None:
            return
        writer = self._take()
        try:
            if self._keep is not None and not self._keep(outcome):
                writer.discard()
                self.num_discarded += 1
                return
            if self._failure is not None:
                raise self._failure
            self.paths.append(writer.commit(outcome))
            self.num_dropped += writer.num_dropped
        except BaseException:
            writer.abandon()
            self.num_left += 1
            raise

    def close(self) -> None:
        """Discard an episode that never ended; leave one that waits for `recover`."""
        if self._outcome is not None:
            self._take().abandon()
            self.num_left += 1
        if self._writer is not None:
            self._writer.discard()
            self._writer = None
            self.num_discarded += 1

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
