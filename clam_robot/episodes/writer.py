"""Writes one episode while it happens."""

import dataclasses
import datetime
import logging
import os
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

import clam_robot
from clam_robot import config
from clam_robot.episodes import array_metadata, folders, schema
from clam_robot.episodes.attributes import EpisodeAttributes, RecordingStatistics
from clam_robot.episodes.disk import Disk, is_full
from clam_robot.episodes.disk_thread import DiskThread
from clam_robot.episodes.episode_files import EpisodeFiles
from clam_robot.episodes.frame_ledger import FrameLedger
from clam_robot.episodes.health import RecordingHealth
from clam_robot.episodes.index import EpisodeIndex
from clam_robot.episodes.record_queue import RecordQueue
from clam_robot.episodes.records import FrameRecord, JointRecord, Row
from clam_robot.episodes.sync_thread import SyncThread
from clam_robot.episodes.tally import Tally
from clam_robot.errors import EpisodeError
from clam_robot.specs import RobotSpec
from clam_robot.types import EpisodeOutcome, EpisodeStart, Observation, Step

logger = logging.getLogger(__name__)

# Frames as they come: a second and a half of three cameras of 640 x 480 at 30 Hz.
QUEUE_BYTES = 128 * 2**20
# A disk that is silent for so long [s] is taken to be gone.
_PATIENCE = 120.0
# Of the queue, for frames between rows and joint samples: rows, which nothing can replace, have the rest [0 .. 1].
_SHARE = 0.75


class EpisodeWriter:
    """Takes steps from the control loop, frames and joint samples from their own threads, and stores them from another.

    A frame is known by its camera and capture time: a row that shows one which came before refers to it, any other is
    stored with the row. The episode grows in a hidden folder and gets its name when it is committed, so a folder with a
    name is whole whatever happens. What finds the queue full is refused and counted; a row goes as a whole, with the
    frames it brought, and the row after the gap is remembered. So frames never shift against rows.

    Attributes:
        num_dropped: rows refused so far.
    """

    def __init__(
        self,
        root: Path,
        start: EpisodeStart,
        *,
        calibration: dict[str, Any] | None = None,
        time_corrections: Mapping[str, float] | None = None,
        joints: Sequence[str] = (),
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
        self._wait_when_full = wait_when_full
        self._started_at = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        # Frames are encoded one by one as they come; vectors alone are not worth waking the thread for each.
        self._queue = RecordQueue(max_bytes=queue_bytes, block=1 if start.spec.cameras else schema.CHUNK_ROWS)
        self._tally = Tally(start.spec.cameras)
        self._ledgers = {camera: FrameLedger() for camera in start.spec.cameras}
        self._taking = threading.Lock()
        self._failure: Exception | None = None
        self._is_ended = self._is_committed = False
        self._num_new_drops = self._num_rows = self._num_joint_samples = self._num_dropped_joints = 0
        self._disk = disk or Disk()
        self.num_dropped = 0
        try:
            self._folder = folders.claim(root)
        except OSError as error:
            raise _unwritable(root, error) from error
        self._lock = folders.lock(self._folder)
        self._sync = SyncThread(self._disk) if durable else None
        self._disk_thread = DiskThread(self._disk, self._sync)
        try:
            self._files = files(
                self._folder,
                start.spec,
                num_joints=len(self._joints),
                disk=self._disk_thread,
                settle=self._disk_thread.settle,
            )
            self._files.begin(self._attributes(None))
        except OSError as error:
            self._remove()
            raise _unwritable(root, error) from error
        self._thread = threading.Thread(target=self._run, name=f"writer of {self._folder.name}", daemon=True)
        self._thread.start()

    @property
    def spec(self) -> RobotSpec:
        """The robot."""
        return self._start.spec

    @property
    def folder(self) -> Path:
        """Where the episode grows until it is committed."""
        return self._folder

    def append(self, step: Step) -> bool:
        """Take a step; its arrays are copied. Never waits for the disk unless told to at construction.

        Returns:
            Whether the row was taken; False when the queue was full.

        Raises:
            EpisodeError: an earlier record could not be written.
            SpecError: the step does not fit the spec.
        """
        self._raise_failure()
        observation, spec = step.observation, self._start.spec
        observation.validate(spec)
        # Pictures are copied before the lock is taken, which cameras wait for.
        copies = {camera: np.array(observation.images[camera]) for camera in self._unknown(observation)}
        with self._taking:
            frames: list[FrameRecord] = []
            index: dict[str, int] = {}
            for camera, ledger in self._ledgers.items():
                time = observation.image_times.get(camera, np.nan)
                number = ledger.find(time, observation.images[camera])
                if number is None:
                    number = ledger.num_frames
                    image = copies[camera] if camera in copies else np.array(observation.images[camera])
                    frames.append(FrameRecord(camera=camera, time=time, image=image))
                index[camera] = number
            row = Row.from_step(
                step, spec, is_labeled=self._start.is_labeled, frame_index=index, num_dropped=self._num_new_drops
            )
            is_taken = self._queue.put([*frames, row], wait=self._wait_when_full)
            for frame in frames:
                ledger = self._ledgers[frame.camera]
                ledger.add(frame.time, frame.image) if is_taken else ledger.refuse(frame.time)
            self._num_rows += is_taken
            self._num_new_drops = 0 if is_taken else self._num_new_drops + 1
            self.num_dropped += not is_taken
        return is_taken

    def append_frame(self, camera: str, time: float, image: np.ndarray) -> bool:
        """Take a frame between rows; never waits for the disk. May be called from any thread.

        Args:
            camera: of the spec.
            time: when it was captured [s].
            image: (H, W, 3) uint8, which nobody may change afterwards.

        Returns:
            Whether it is there; False when the queue was full or the episode is over.

        Raises:
            InvalidImage: it does not fit the spec.
        """
        self._start.spec.cameras[camera].validate(image, what=f"camera {camera}")
        record, ledger = FrameRecord(camera=camera, time=time, image=image), self._ledgers[camera]
        with self._taking:
            if ledger.find(time, image) is not None:
                return True
            is_taken = self._queue.put([record], wait=False, share=_SHARE)
            if is_taken:
                ledger.add(time)
            elif not self._queue.is_closed:
                ledger.refuse(time)
        return is_taken

    def append_joints(self, time: float, position: np.ndarray, velocity: np.ndarray, effort: np.ndarray) -> bool:
        """Take a sample of the joints; its arrays are copied. Never waits. May be called from any thread.

        Args:
            time: when they were read [s].
            position: (J,) [rad].
            velocity: (J,) [rad/s].
            effort: (J,) in the driver's units.

        Returns:
            Whether it was taken; False when the queue was full, the episode is over, or no joints were announced.

        Raises:
            InvalidVector: not of as many joints as were announced.
        """
        if not self._joints:
            return False
        record = JointRecord.of(time, position, velocity, effort, size=len(self._joints))
        with self._taking:
            is_taken = self._queue.put([record], wait=False, share=_SHARE)
            self._num_joint_samples += is_taken
            self._num_dropped_joints += not (is_taken or self._queue.is_closed)
        return is_taken

    def health(self) -> RecordingHealth:
        """How it is doing. May be called from any thread."""
        frames = {schema.image_array(camera): ledger.num_frames for camera, ledger in self._ledgers.items()}
        return RecordingHealth(
            num_taken={schema.ROWS: self._num_rows, **frames, schema.JOINTS: self._num_joint_samples},
            num_dropped=self._dropped(),
            queue_fill=max(self._queue.fill, self._disk_thread.fill),
            failure=None if self._failure is None else str(self._failure),
        )

    def end(self, outcome: EpisodeOutcome, *, timeout: float = _PATIENCE) -> None:
        """Take nothing further and write what is left, so that `repair` finds the whole episode; `commit` names it.

        Args:
            outcome: how the episode ended; its success is not judged before `commit`.
            timeout: how long to wait for the disk [s].

        Raises:
            EpisodeError: the disk refused or was too slow; what was written stays in the hidden folder.
        """
        self._end(dataclasses.replace(outcome, success=None), timeout)

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
        attributes = self._end(outcome, timeout)
        path = folders.final_path(self._folder)
        try:
            self._disk.rename(self._folder, path)
            if self._sync is not None:
                self._disk.sync(path.parent)
        except OSError as error:
            raise _unfinished(self._folder, error) from error
        self._folder = path
        self._is_committed = True
        self._unlock()
        EpisodeIndex(path.parent).add(path.name, attributes)
        lost = ", ".join(f"{number} {stream}" for stream, number in self._dropped().items() if number)
        logger.info("%s: %d rows, dropped %s, %s", path, attributes.length, lost or "nothing", attributes.end)
        return path

    def discard(self) -> None:
        """Forget the episode and delete what was written of it; does nothing after `commit`."""
        self._disk_thread.forget()
        if self._stop():
            self._remove()

    def abandon(self) -> None:
        """Stop, but leave what was written in the hidden folder for `clam repair`; does nothing after `commit`."""
        self._stop()
        self._unlock()

    def _end(self, outcome: EpisodeOutcome, timeout: float) -> EpisodeAttributes:
        """Bring everything to the disk, the first time, and how the episode ended, every time."""
        self._queue.close()
        self._thread.join(timeout)
        if self._thread.is_alive():
            raise EpisodeError(f"{self._folder} was not written within {timeout} s; is the disk still there?")
        self._raise_failure()
        attributes = self._attributes(outcome)
        try:
            if self._is_ended:
                description = array_metadata.describe_group(config.to_dict(attributes))
                array_metadata.write(self._folder, description, self._disk)
            else:
                self._files.finish(attributes)
                self._disk_thread.end(timeout=timeout)
                if self._sync is not None:
                    self._sync.end(timeout=timeout)
                self._is_ended = True
            if self._sync is not None:
                self._disk.sync_all()
        except OSError as error:
            raise _unfinished(self._folder, error) from error
        return attributes

    def _unknown(self, observation: Observation) -> list[str]:
        with self._taking:
            return [
                camera
                for camera, ledger in self._ledgers.items()
                if ledger.find(observation.image_times.get(camera, np.nan), observation.images[camera]) is None
            ]

    def _stop(self) -> bool:
        self._queue.close(discard=True)
        self._thread.join(_PATIENCE)
        self._end_disk()
        return not self._thread.is_alive()

    def _remove(self) -> None:
        self._end_disk()
        if not self._is_committed:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._unlock()

    def _end_disk(self) -> None:
        with suppress(OSError):  # told of before, or nobody wants what it failed at
            self._disk_thread.end(timeout=_PATIENCE)
        if self._sync is not None:
            self._sync.abandon()

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
            while records := self._queue.get():
                for record in records:
                    self._tally.add(record)
                self._files.append(records)
        except Exception as error:  # noqa: BLE001 (raised again in the caller's thread)
            self._failure = error
            self._queue.close(discard=True)

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise EpisodeError(
                f"cannot write {self._folder}: {self._failure}; {_remedy(self._failure, self._folder.parent)}"
            ) from self._failure

    def _dropped(self) -> dict[str, int]:
        frames = {schema.image_array(camera): ledger.num_dropped for camera, ledger in self._ledgers.items()}
        return {schema.ROWS: self.num_dropped, **frames, schema.JOINTS: self._num_dropped_joints}

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
                num_dropped=self._dropped(),
                num_frozen=self._files.num_frozen,
                has_joints=bool(self._joints),
            ),
            verdict=outcome.verdict,
            notes=outcome.notes,
        )


def _unfinished(folder: Path, error: OSError) -> EpisodeError:
    return EpisodeError(f"cannot finish {folder}: {error}; {_remedy(error, folder.parent)}")


def _unwritable(root: Path, error: OSError) -> EpisodeError:
    where = "make room there, or give" if is_full(error) else "give"
    return EpisodeError(f"cannot record into {root}: {error}; {where} a folder that can be written")


def _remedy(error: Exception, root: Path) -> str:
    first = "make room there" if is_full(error) else "see that the disk is there"
    return f"{first}, then `clam repair {root}` finishes what reached it; what was finished before is safe"
