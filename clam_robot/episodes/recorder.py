"""Records every episode a control loop runs."""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from jaxtyping import Float64, UInt8

from clam_robot.episodes.disk import Disk
from clam_robot.episodes.episode_files import EpisodeFiles
from clam_robot.episodes.health import RecordingHealth
from clam_robot.episodes.writer import QUEUE_BYTES, EpisodeWriter
from clam_robot.errors import ClamRobotError
from clam_robot.types import EpisodeOutcome, EpisodeStart, Step

logger = logging.getLogger(__name__)


class Recorder:
    """A `Subscriber` that writes each episode it is told of.

    Cameras and joints may hand over what comes between steps, from threads of their own. A disk that fails or falls
    behind in mid-episode never disturbs the arm: it is logged at once and `health` tells of it; a failure is raised
    when the episode ends. Leaving the `with` block, or `close`, discards an episode that never ended.

    Attributes:
        paths: the episodes kept so far.
        num_discarded: episodes that were not kept.
        num_dropped: rows lost because the disk was slower than the robot.
    """

    def __init__(
        self,
        root: Path,
        *,
        keep: Callable[[EpisodeOutcome], bool] | None = None,
        calibration: dict[str, Any] | None = None,
        joints: Sequence[str] = (),
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
            calibration: see `EpisodeWriter`, as the other arguments.
        """
        self._keep = keep
        self._open = partial(
            EpisodeWriter,
            root,
            calibration=calibration,
            joints=joints,
            durable=durable,
            wait_when_full=wait_when_full,
            queue_bytes=queue_bytes,
            files=files,
            disk=disk,
        )
        self._writer: EpisodeWriter | None = None
        self._failure: ClamRobotError | None = None
        self._has_alarmed = False
        self.paths: list[Path] = []
        self.num_discarded = 0
        self.num_dropped = 0

    @property
    def num_kept(self) -> int:
        """Episodes kept so far."""
        return len(self.paths)

    def on_episode_start(self, start: EpisodeStart) -> None:
        """Begin an episode; one that never ended is discarded.

        Raises:
            EpisodeError: the folder cannot be written.
        """
        self.close()
        self._failure = None
        self._has_alarmed = False
        self._writer = self._open(start)

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

    def on_frame(self, camera: str, time: float, image: UInt8[np.ndarray, "H W 3"]) -> None:
        """Take a frame between steps; does nothing outside an episode, and never waits. For any thread.

        Args:
            camera: name; one that is not of the spec is passed over.
            time: when it was captured [s].
            image: that nobody may change afterwards.

        Raises:
            InvalidImage: it does not fit the spec.
        """
        writer = self._writer
        if writer is not None and camera in writer.spec.cameras:
            writer.append_frame(camera, time, image)

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
        """Keep or discard the episode.

        Raises:
            ClamRobotError: it could not be recorded; what was written stays in a hidden folder, for
                `clam repair`.
        """
        writer, self._writer = self._writer, None
        if writer is None:
            return
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
            raise

    def close(self) -> None:
        """Discard an episode that never ended."""
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
