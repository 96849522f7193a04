"""Records every episode a control loop runs."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from jaxtyping import Float64, UInt8, UInt16

from clam_robot.episodes.disk import Disk
from clam_robot.episodes.episode_files import EpisodeFiles
from clam_robot.episodes.health import RecordingHealth
from clam_robot.episodes.writer import QUEUE_BYTES, EpisodeWriter
from clam_robot.errors import ClamRobotError, EpisodeError
from clam_robot.types import EpisodeOutcome, EpisodeStart, Step

logger = logging.getLogger(__name__)


class Recorder:
    """A `Subscriber` that writes each episode it is told of.

    Cameras and joints may hand over what comes between steps, from threads of their own. A disk that fails or falls
    behind in mid-episode never disturbs the arm: it is logged at once and `health` tells of it; a failure is raised
    when the episode ends. Leaving the `with` block, or `close`, discards an episode that never ended.

    With `is_reviewed` an episode that ended waits, written, until `commit` or `discard`; what nobody decides on is left
    in its hidden folder for `clam repair`, and so is what a kill leaves.

    Attributes:
        paths: the episodes kept so far.
        num_discarded: episodes that were not kept.
        num_left: episodes left for `clam repair`, as nobody decided on them or the disk refused them.
        num_dropped: rows lost because the disk was slower than the robot.
    """

    def __init__(
        self,
        root: Path,
        *,
        keep: Callable[[EpisodeOutcome], bool] | None = None,
        is_reviewed: bool = False,
        calibration: dict[str, Any] | None = None,
        time_corrections: Mapping[str, float] | None = None,
        joints: Sequence[str] = (),
        depth_units: Callable[[], Mapping[str, float]] = dict,
        durable: bool = True,
        wait_when_full: bool = False,
        queue_bytes: int = QUEUE_BYTES,
        files: Callable[..., EpisodeFiles] = EpisodeFiles,
        disk: Disk | None = None,
    ) -> None:
        """Nothing is written before the first episode.

        Args:
            root: folder of the data set.
            keep: says of an ended episode whether to keep it; all are kept without.
            is_reviewed: whether a person says of each what becomes of it, after its end.
            depth_units: asked when an episode begins, with open cameras, see `EpisodeWriter`.
            calibration: see `EpisodeWriter`, as the other arguments.
        """
        self._root = root
        self._keep = keep
        self._is_reviewed = is_reviewed
        self._depth_units = depth_units
        self._open = partial(
            EpisodeWriter,
            root,
            calibration=calibration,
            time_corrections=time_corrections,
            joints=joints,
            durable=durable,
            wait_when_full=wait_when_full,
            queue_bytes=queue_bytes,
            files=files,
            disk=disk,
        )
        self._newest: dict[str, tuple[float, np.ndarray, np.ndarray]] = {}
        self._writer: EpisodeWriter | None = None
        self._outcome: EpisodeOutcome | None = None
        self._failure: ClamRobotError | None = None
        self._has_alarmed = False
        self.paths: list[Path] = []
        self.num_discarded = 0
        self.num_left = 0
        self.num_dropped = 0

    @property
    def root(self) -> Path:
        """Folder of the data set; not there before the first episode, perhaps."""
        return self._root

    @property
    def undecided(self) -> EpisodeOutcome | None:
        """How the episode ended that waits for `commit` or `discard`; None while none does."""
        return self._outcome

    @property
    def num_dropped_now(self) -> int:
        """Rows lost so far in the episode under way, or in the one that waits."""
        writer = self._writer
        return 0 if writer is None else writer.num_dropped

    @property
    def num_kept(self) -> int:
        """Episodes kept so far."""
        return len(self.paths)

    def on_episode_start(self, start: EpisodeStart) -> None:
        """Begin an episode; see `close` for the one before.

        Raises:
            EpisodeError: the folder cannot be written.
        """
        self.close()
        self._failure = None
        self._has_alarmed = False
        units = self._depth_units()
        writer = self._open(start, depth_units=units)
        for camera, (time, image, depth) in list(self._newest.items()):
            if camera in units and camera in start.spec.cameras:
                writer.append_frame(camera, time, image, depth)
        self._writer = writer

    def on_step(self, step: Step) -> None:
        """Take a step."""
        if self._writer is None or self._failure is not None:
            return
        try:
            is_taken = self._writer.append(step)
        except ClamRobotError as error:
            self._failure = error
            logger.error("recording stopped: %s", error)
            return
        if not is_taken and not self._has_alarmed:
            self._has_alarmed = True
            logger.warning("%s", self._writer.health().alarm)

    def on_frame(
        self,
        camera: str,
        time: float,
        image: UInt8[np.ndarray, "H W 3"],
        depth: UInt16[np.ndarray, "H W"] | None = None,
    ) -> None:
        """Take a frame between steps; never waits. For any thread.

        Outside an episode nothing is recorded. The newest frame with depth is kept for the next one, whose first row
        shows what was captured before it began, and rows bring pictures only.

        Args:
            camera: name; one that is not of the spec is passed over.
            time: when it was captured [s].
            image: that nobody may change afterwards.
            depth: of it, likewise; None where the camera measures none.

        Raises:
            InvalidImage: one of them does not fit the spec.
        """
        if depth is not None:
            self._newest[camera] = time, image, depth
        writer = self._writer
        if writer is not None and camera in writer.spec.cameras:
            writer.append_frame(camera, time, image, depth)

    def on_joints(
        self,
        time: float,
        position: Float64[np.ndarray, "J"],
        velocity: Float64[np.ndarray, "J"],
        effort: Float64[np.ndarray, "J"],
    ) -> None:
        """Take a sample of the joints; does nothing outside an episode, and never waits. For any thread.

        Args:
            time: when they were read [s].
            position: [rad].
            velocity: [rad/s].
            effort: in the driver's units.

        Raises:
            InvalidVector: not of as many joints as were announced.
        """
        writer = self._writer
        if writer is not None:
            writer.append_joints(time, position, velocity, effort)

    def health(self) -> RecordingHealth:
        """How the open episode is doing. For any thread."""
        writer = self._writer
        return RecordingHealth() if writer is None else writer.health()

    def on_episode_end(self, outcome: EpisodeOutcome) -> None:
        """Keep or discard the episode, or have it wait for who does.

        Raises:
            ClamRobotError: it could not be recorded; what was written stays in a hidden folder, for
                `clam repair`.
        """
        if not self._is_reviewed or self._writer is None or self._failure is not None:
            self._finish(outcome)
            return
        try:
            self._writer.end(outcome)
            self._outcome = outcome
        except BaseException:
            self._leave()
            raise

    def note(self, notes: str) -> None:
        """Bring what a person notes to the disk, beside the episode that waits, so that a crash does not cost it.

        Nothing where none waits or the notes are there already; where the disk refuses, that is logged, and `commit`
        tries again.
        """
        if self._outcome is None or self._writer is None or self._outcome.notes == notes:
            return
        self._outcome = replace(self._outcome, notes=notes)
        try:
            self._writer.end(self._outcome)
        except EpisodeError as error:
            logger.error("the note is not on the disk yet: %s", error)

    def commit(self, outcome: EpisodeOutcome) -> Path:
        """Keep the episode that waits.

        Args:
            outcome: as it ended, with what the person says of it.

        Raises:
            EpisodeError: none waits, or it could not be written; it stays in a hidden folder, for `clam repair`.
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

    def _leave(self) -> None:
        self._take().abandon()
        self.num_left += 1

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
        """Discard an episode that never ended; leave one that waits for `clam repair`."""
        if self._outcome is not None:
            self._leave()
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
