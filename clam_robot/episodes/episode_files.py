"""The files of one episode, written as it grows."""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from clam_robot.episodes import array_metadata, schema
from clam_robot.episodes.attributes import EpisodeAttributes, described
from clam_robot.episodes.column_stream import ColumnStream
from clam_robot.episodes.disk import Disk
from clam_robot.episodes.frame_stream import FrameStream
from clam_robot.episodes.records import FrameRecord, JointRecord, Record, Row
from clam_robot.specs import RobotSpec
from clam_robot.timing import Clock, MonotonicClock

FLUSH_SECONDS = 1.5
"""The longest that a record waits for its block, and so about the most that a kill can cost [s].

Longer than a shard of a camera of 30 Hz takes, so that its files are written once.
"""


class EpisodeFiles:
    """Writes records into the folder of one episode, a block at a time, or what there is of one every FLUSH_SECONDS.

    With every block all streams are written as far as they came, frames first and the times of the rows last, so that
    what a kill leaves is whole up to the last time.

    Args:
        folder: of the episode, there and empty.
        spec: of the robot.
        num_joints: of the joint samples; 0 where there are none.
        depth_cameras: those whose frames come with depth.
        disk: where to.
        settle: called with each file that does not change any more.
        jpeg_level: quality of camera frames [0 .. 100].
        clock: says how long records have waited.

    Attributes:
        frames: the stream of each camera.
        joints: the stream of joint samples.
        rows: the stream of rows.
    """

    def __init__(
        self,
        folder: Path,
        spec: RobotSpec,
        *,
        num_joints: int = 0,
        depth_cameras: Collection[str] = (),
        disk: Disk | None = None,
        settle: Callable[[Path], None] = lambda path: None,
        jpeg_level: int = schema.JPEG_LEVEL,
        clock: Clock | None = None,
    ) -> None:
        self._folder = folder
        self._clock = clock or MonotonicClock()
        self._flushed_at = self._clock.now()
        self._disk = disk or Disk()
        # Frames come a file for each block; a file of vectors alone is rewritten until it is whole.
        self._block = schema.SHARD_ROWS if spec.cameras else schema.CHUNK_ROWS
        streams = (schema.TIME, schema.JOINTS, *map(schema.image_array, spec.cameras))
        self._num_pending = dict.fromkeys(streams, 0)
        for group in schema.groups(spec, num_joints, has_depth=bool(depth_cameras)):
            self._disk.make_folder(folder / group)
            array_metadata.write(folder / group, array_metadata.describe_group(), self._disk)
        self.frames = {
            camera: FrameStream(
                folder, camera, size, self._disk, settle, jpeg_level=jpeg_level, has_depth=camera in depth_cameras
            )
            for camera, size in spec.cameras.items()
        }
        self.joints = ColumnStream(folder, schema.joint_columns(num_joints), self._disk, settle)
        self.rows = ColumnStream(folder, schema.columns(spec), self._disk, settle)

    @property
    def num_frozen(self) -> dict[str, int]:
        """Frames equal to the one before, by camera."""
        return {camera: frames.num_frozen for camera, frames in self.frames.items()}

    @property
    def num_without_depth(self) -> dict[str, int]:
        """Frames that came without the depth that is stored, by camera."""
        return {camera: frames.num_without_depth for camera, frames in self.frames.items()}

    def append(self, records: Sequence[Record]) -> None:
        """Take records; frames are encoded at once, files are written when a block is whole or has waited long.

        Args:
            records: in order; none lets what waits be written when its time has come.

        Raises:
            OSError: the disk is full or gone.
        """
        for record in records:
            match record:
                case FrameRecord():
                    stream = schema.image_array(record.camera)
                    self.frames[record.camera].append(record.image, record.time, record.depth)
                case JointRecord():
                    stream = schema.JOINTS
                    self.joints.append(record.values)
                case Row():
                    stream = schema.TIME
                    self.rows.append(record.values)
            self._num_pending[stream] += 1
            if self.joints.is_full or self.rows.is_full or self._is_due(record):
                self._flush()
        ends_with_row = not records or isinstance(records[-1], Row)
        waited = self._clock.now() - self._flushed_at
        if any(self._num_pending.values()) and waited >= FLUSH_SECONDS * (1 if ends_with_row else 2):
            self._flush()

    def begin(self, attributes: EpisodeAttributes) -> None:
        """Write what is known before the first row.

        Raises:
            OSError: the disk is full or gone.
        """
        array_metadata.write(self._folder, described(attributes), self._disk)

    def finish(self, attributes: EpisodeAttributes) -> None:
        """Write what waits, then the attributes.

        Raises:
            OSError: the disk is full or gone.
        """
        for stream in (*self.frames.values(), self.joints, self.rows):
            stream.finish()
        self.begin(attributes)

    def _is_due(self, record: Record) -> bool:
        """A block ends with a row, so that frames are not parted from the row that brought them, if one comes soon."""
        longest = max(self._num_pending.values())
        return longest >= self._block if isinstance(record, Row) else longest >= 2 * self._block

    def _flush(self) -> None:
        for stream in (*self.frames.values(), self.joints, self.rows):
            stream.flush()
        self._num_pending = dict.fromkeys(self._num_pending, 0)
        self._flushed_at = self._clock.now()
