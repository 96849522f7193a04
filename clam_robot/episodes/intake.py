"""Takes what an episode is made of, from any thread, and hands it on in order."""

import threading
from collections.abc import Collection, Sequence

import numpy as np

from clam_robot.episodes import schema
from clam_robot.episodes.frame_ledger import FrameLedger
from clam_robot.episodes.record_queue import RecordQueue
from clam_robot.episodes.records import FrameRecord, JointRecord, Row
from clam_robot.errors import InvalidImage
from clam_robot.specs import RobotSpec
from clam_robot.types import Observation, Step

# Of the queue, for frames between rows and joint samples: rows, which nothing can replace, have the rest [0 .. 1].
_SHARE = 0.75


class Intake:
    """Copies steps, frames and joint samples into a queue, and counts what finds it full.

    A frame is known by its camera and capture time: a row that shows one which came before refers to it, any other goes
    with the row. A row is taken as a whole, with the frames it brought, or refused, and the row after the gap is
    remembered. So frames never shift against rows.

    Args:
        spec: of the robot.
        is_labeled: whether actions may be used as labels.
        num_joints: of the joint samples; 0 where none are taken.
        depth_cameras: those whose depth is taken.
        wait_when_full: let `append` wait for room.
        queue_bytes: memory for what waits [bytes].

    Attributes:
        queue: what was taken.
        num_dropped: rows refused so far.
    """

    def __init__(
        self,
        spec: RobotSpec,
        *,
        is_labeled: bool,
        num_joints: int,
        depth_cameras: Collection[str] = (),
        wait_when_full: bool,
        queue_bytes: int,
    ) -> None:
        self._spec, self._is_labeled, self._num_joints = spec, is_labeled, num_joints
        self._depth_cameras = frozenset(depth_cameras)
        self._wait_when_full = wait_when_full
        # Frames are encoded one by one as they come; vectors alone are not worth waking the thread for each.
        self.queue = RecordQueue(max_bytes=queue_bytes, block=1 if spec.cameras else schema.CHUNK_ROWS)
        self._ledgers = {camera: FrameLedger() for camera in spec.cameras}
        self._taking = threading.Lock()
        self._num_new_drops = self._num_rows = self._num_joint_samples = self._num_dropped_joints = 0
        self.num_dropped = 0

    def append(self, step: Step) -> bool:
        """Take a step; its arrays are copied.

        Returns:
            Whether the row was taken; False when the queue was full.

        Raises:
            SpecError: the step does not fit the spec.
        """
        observation = step.observation
        observation.validate(self._spec)
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
                step, self._spec, is_labeled=self._is_labeled, frame_index=index, num_dropped=self._num_new_drops
            )
            is_taken = self.queue.put([*frames, row], wait=self._wait_when_full)
            for frame in frames:
                ledger = self._ledgers[frame.camera]
                ledger.add(frame.time, frame.image) if is_taken else ledger.refuse(frame.time)
            self._num_rows += is_taken
            self._num_new_drops = 0 if is_taken else self._num_new_drops + 1
            self.num_dropped += not is_taken
        return is_taken

    def append_frame(self, camera: str, time: float, image: np.ndarray, depth: np.ndarray | None = None) -> bool:
        """Take a frame between rows; never waits.

        Args:
            camera: of the spec.
            time: when it was captured [s].
            image: (H, W, 3) uint8, which nobody may change afterwards.
            depth: (H, W) uint16, likewise; passed over where none was announced.

        Returns:
            Whether it is there; False when the queue was full or closed.

        Raises:
            InvalidImage: it does not fit the spec.
        """
        self._spec.cameras[camera].validate(image, what=f"camera {camera}")
        depth = depth if camera in self._depth_cameras else None
        if depth is not None and (depth.shape != image.shape[:2] or depth.dtype != np.uint16):
            raise InvalidImage(
                f"camera {camera}: expected depth {image.shape[:2]} uint16, found {depth.shape} {depth.dtype}"
            )
        record, ledger = FrameRecord(camera=camera, time=time, image=image, depth=depth), self._ledgers[camera]
        with self._taking:
            if ledger.find(time, image) is not None:
                return True
            is_taken = self.queue.put([record], wait=False, share=_SHARE)
            if is_taken:
                ledger.add(time)
            elif not self.queue.is_closed:
                ledger.refuse(time)
        return is_taken

    def append_joints(self, time: float, position: np.ndarray, velocity: np.ndarray, effort: np.ndarray) -> bool:
        """Take a sample of the joints; its arrays are copied. Never waits.

        Args:
            time: when they were read [s].
            position: (J,) [rad].
            velocity: (J,) [rad/s].
            effort: (J,) in the driver's units.

        Returns:
            Whether it was taken; False when the queue was full or closed, or no joints were announced.

        Raises:
            InvalidVector: not of as many joints as were announced.
        """
        if not self._num_joints:
            return False
        record = JointRecord.of(time, position, velocity, effort, size=self._num_joints)
        with self._taking:
            is_taken = self.queue.put([record], wait=False, share=_SHARE)
            self._num_joint_samples += is_taken
            self._num_dropped_joints += not (is_taken or self.queue.is_closed)
        return is_taken

    def taken(self) -> dict[str, int]:
        """Records taken so far, by stream."""
        frames = {schema.image_array(camera): ledger.num_frames for camera, ledger in self._ledgers.items()}
        return {schema.ROWS: self._num_rows, **frames, schema.JOINTS: self._num_joint_samples}

    def dropped(self) -> dict[str, int]:
        """Records refused so far, by stream."""
        frames = {schema.image_array(camera): ledger.num_dropped for camera, ledger in self._ledgers.items()}
        return {schema.ROWS: self.num_dropped, **frames, schema.JOINTS: self._num_dropped_joints}

    def _unknown(self, observation: Observation) -> Sequence[str]:
        with self._taking:
            return [
                camera
                for camera, ledger in self._ledgers.items()
                if ledger.find(observation.image_times.get(camera, np.nan), observation.images[camera]) is None
            ]
