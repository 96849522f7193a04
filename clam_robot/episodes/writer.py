"""Writes one episode while it happens."""

import dataclasses
import datetime
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

import clam_robot
from clam_robot.episodes import array_metadata, schema
from clam_robot.episodes.attributes import EpisodeAttributes, RecordingStatistics, described
from clam_robot.episodes.disk import Disk
from clam_robot.episodes.episode_files import FLUSH_SECONDS, EpisodeFiles
from clam_robot.episodes.growing_folder import PATIENCE, GrowingFolder, unfinished, unwritable
from clam_robot.episodes.health import RecordingHealth
from clam_robot.episodes.index import EpisodeIndex
from clam_robot.episodes.intake import Intake
from clam_robot.episodes.tally import Tally
from clam_robot.errors import EpisodeError
from clam_robot.specs import RobotSpec
from clam_robot.types import EpisodeOutcome, EpisodeStart, Step

logger = logging.getLogger(__name__)

# Frames as they come: a second and a half of three cameras of 640 x 480 at 30 Hz.
QUEUE_BYTES = 128 * 2**20


class EpisodeWriter:
    """Takes steps from the control loop, frames and joint samples from their own threads, and stores them from another.

    The episode grows in a hidden folder and gets its name when it is committed, so a folder with a name is whole
    whatever happens. What finds the queue full is refused and counted; `Intake` says how.
    """

    def __init__(
        self,
        root: Path,
        start: EpisodeStart,
        *,
        calibration: dict[str, Any] | None = None,
        time_corrections: Mapping[str, float] | None = None,
        joints: Sequence[str] = (),
        depth_units: Mapping[str, float] | None = None,
        durable: bool = True,
        wait_when_full: bool = False,
        queue_bytes: int = QUEUE_BYTES,
        files: Callable[..., EpisodeFiles] = EpisodeFiles,
        disk: Disk | None = None,
    ) -> None:
        """Claim a name and start the thread.

        Args:
            root: folder of the data set; made when it is not there.
            start: what is known of the episode.
            calibration: the robot's calibration, to be kept beside the data.
            time_corrections: what was taken off the times that will come, by the array they go to [s]; to be kept, too.
            joints: names of the joints whose samples will come; without, none are taken.
            depth_units: of the cameras whose frames will come with depth, and in which units [m]; of others none is
                taken.
            durable: bring every file to the disk before the episode gets its name, so that not even a loss of power
                leaves a half-written one. Most of it is done while the recording goes on.
            wait_when_full: let `append` wait for the disk, as a simulation can; a real robot cannot.
            queue_bytes: memory for what waits for the disk [bytes].
            files: what encodes and writes; a test may put a slower one here.
            disk: where to; a test may hand in one that fails.

        Raises:
            EpisodeError: the folder cannot be written.
        """
        self._start = start
        self._calibration = calibration
        self._time_corrections = dict(time_corrections or {})
        self._joints = tuple(joints)
        self._depth_units = {
            camera: unit for camera, unit in (depth_units or {}).items() if camera in start.spec.cameras
        }
        self._started_at = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        self._intake = Intake(
            start.spec,
            is_labeled=start.is_labeled,
            num_joints=len(self._joints),
            depth_cameras=self._depth_units,
            wait_when_full=wait_when_full,
            queue_bytes=queue_bytes,
        )
        self._tally = Tally(start.spec.cameras)
        self._failure: Exception | None = None
        self._is_ended = False
        self._disk = disk or Disk()
        self._folder = GrowingFolder(root, is_durable=durable, disk=self._disk)
        try:
            self._files = files(
                self._folder.path,
                start.spec,
                num_joints=len(self._joints),
                depth_cameras=self._depth_units,
                disk=self._folder.thread,
                settle=self._folder.thread.settle,
            )
            self._files.begin(self._attributes(None))
        except OSError as error:
            self._folder.remove()
            raise unwritable(root, error) from error
        name = f"writer of {self._folder.path.name}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def spec(self) -> RobotSpec:
        """The robot."""
        return self._start.spec

    @property
    def folder(self) -> Path:
        """Where the episode grows until it is committed."""
        return self._folder.path

    @property
    def num_dropped(self) -> int:
        """Rows refused so far."""
        return self._intake.num_dropped

    def append(self, step: Step) -> bool:
        """Take a step; its arrays are copied. Never waits for the disk unless told to at construction.

        Returns:
            Whether the row was taken; False when the queue was full.

        Raises:
            EpisodeError: an earlier record could not be written.
            SpecError: the step does not fit the spec.
        """
        self._raise_failure()
        return self._intake.append(step)

    def append_frame(self, camera: str, time: float, image: np.ndarray, depth: np.ndarray | None = None) -> bool:
        """As `Intake`; may be called from any thread."""
        return self._intake.append_frame(camera, time, image, depth)

    def append_joints(self, time: float, position: np.ndarray, velocity: np.ndarray, effort: np.ndarray) -> bool:
        """As `Intake`; may be called from any thread."""
        return self._intake.append_joints(time, position, velocity, effort)

    def health(self) -> RecordingHealth:
        """How it is doing. May be called from any thread."""
        return RecordingHealth(
            num_taken=self._intake.taken(),
            num_dropped=self._intake.dropped(),
            queue_fill=max(self._intake.queue.fill, self._folder.thread.fill),
            failure=None if self._failure is None else str(self._failure),
        )

    def end(self, outcome: EpisodeOutcome, *, timeout: float = PATIENCE) -> None:
        """Take nothing further and write what is left, so that `repair` finds the whole episode; `commit` names it.

        Args:
            outcome: how the episode ended; its success is not judged before `commit`.
            timeout: how long to wait for the disk [s].

        Raises:
            EpisodeError: the disk refused or was too slow; what was written stays in the hidden folder.
        """
        self._end(dataclasses.replace(outcome, success=None), timeout)

    def commit(self, outcome: EpisodeOutcome, *, timeout: float = PATIENCE) -> Path:
        """Write what is left and give the episode its name.

        Args:
            outcome: how the episode ended.
            timeout: how long to wait for the disk [s].

        Returns:
            The finished episode.

        Raises:
            EpisodeError: the disk refused or was too slow; what was written stays in the hidden folder.
        """
        attributes = self._end(outcome, timeout)
        try:
            path = self._folder.name()
        except OSError as error:
            raise unfinished(self.folder, error, what="finish") from error
        EpisodeIndex(path.parent).add(path.name, attributes)
        lost = ", ".join(f"{number} {stream}" for stream, number in self._intake.dropped().items() if number)
        logger.info("%s: %d rows, dropped %s, %s", path, attributes.length, lost or "nothing", attributes.end)
        return path

    def discard(self) -> None:
        """Forget the episode and delete what was written of it; does nothing after `commit`."""
        self._folder.thread.forget()
        if self._stop():
            self._folder.remove()

    def abandon(self) -> None:
        """Stop, but leave what was written in the hidden folder for `clam repair`; does nothing after `commit`."""
        self._stop()
        self._folder.unlock()

    def _end(self, outcome: EpisodeOutcome, timeout: float) -> EpisodeAttributes:
        """Bring everything to the disk, the first time, and how the episode ended, every time."""
        self._intake.queue.close()
        self._thread.join(timeout)
        if self._thread.is_alive():
            raise EpisodeError(f"{self.folder} was not written within {timeout} s; is the disk still there?")
        self._raise_failure()
        attributes = self._attributes(outcome)
        try:
            if self._is_ended:
                array_metadata.write(self.folder, described(attributes), self._disk)
            else:
                self._files.finish(attributes)
                self._folder.end(timeout=timeout)
                self._is_ended = True
            self._folder.settle()
        except OSError as error:
            raise unfinished(self.folder, error, what="finish") from error
        return attributes

    def _stop(self) -> bool:
        self._intake.queue.close(discard=True)
        self._thread.join(PATIENCE)
        self._folder.abandon()
        return not self._thread.is_alive()

    def __enter__(self) -> "EpisodeWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()

    def _run(self) -> None:
        try:
            while not self._intake.queue.is_over:
                records = self._intake.queue.get(FLUSH_SECONDS)
                for record in records:
                    self._tally.add(record)
                self._files.append(records)
        except Exception as error:  # noqa: BLE001 (raised again in the caller's thread)
            self._failure = error
            self._intake.queue.close(discard=True)

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise unfinished(self.folder, self._failure, what="write") from self._failure

    def _attributes(self, outcome: EpisodeOutcome | None) -> EpisodeAttributes:
        start = EpisodeAttributes(
            schema_version=schema.SCHEMA_VERSION,
            spec=self._start.spec,
            task=self._start.task,
            source=self._start.source,
            seed=self._start.seed,
            is_labeled=self._start.is_labeled,
            calibration=self._calibration,
            time_corrections=self._time_corrections,
            started_at=self._started_at,
            software=f"clam-robot {clam_robot.__version__}",
            length=0,
            num_frames=dict.fromkeys(self._start.spec.cameras, 0),
            joints=self._joints,
            depth_units=self._depth_units,
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
            num_frames=self._tally.num_frames,
            num_joint_samples=self._tally.num_joint_samples,
            num_labeled=self._tally.num_labeled,
            success=outcome.success,
            end=outcome.end,
            recording=self._tally.statistics(
                outcome,
                num_dropped=self._intake.dropped(),
                num_frozen=self._files.num_frozen,
                num_without_depth=self._files.num_without_depth,
                has_joints=bool(self._joints),
            ),
            verdict=outcome.verdict,
            notes=outcome.notes,
        )
