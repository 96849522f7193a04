"""The frames of one camera, their depth and their times, written as they come."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from clam_robot.episodes import array_metadata, depth_file, frame_file, schema
from clam_robot.episodes.column_stream import ColumnStream
from clam_robot.episodes.disk import Disk
from clam_robot.episodes.schema import SHARD_ROWS
from clam_robot.episodes.shard_stream import ShardStream
from clam_robot.specs import CameraSpec


class FrameStream:
    """Encodes each frame when it comes and keeps what is encoded of the shard that is not full yet.

    Depth goes to the disk before its frames, and the times after them.

    Args:
        episode: folder of the episode.
        camera: name.
        size: of its frames.
        disk: where to.
        settle: called with each file that does not change any more.
        jpeg_level: quality [0 .. 100].
        has_depth: whether depth is stored; a frame that comes without is then unknown everywhere.

    Attributes:
        num_frozen: frames equal to the one before, though captured at another time.
        num_without_depth: frames that came without depth, where depth is stored.
    """

    def __init__(
        self,
        episode: Path,
        camera: str,
        size: CameraSpec,
        disk: Disk,
        settle: Callable[[Path], None],
        *,
        jpeg_level: int,
        has_depth: bool = False,
    ) -> None:
        self._folder, self._depth_folder = episode / schema.image_array(camera), episode / schema.depth_array(camera)
        self._size = size
        self._disk = disk
        self._jpeg_level = jpeg_level
        self._time = schema.image_time_array(camera)
        self._times = ColumnStream(episode, [schema.image_time_column(camera)], disk, settle)
        self._images = ShardStream(self._folder, len(size.shape) + 1, disk, settle)
        self._depths = ShardStream(self._depth_folder, depth_file.NUM_AXES, disk, settle) if has_depth else None
        self._unknown = depth_file.encode_depth(np.zeros(size.shape[:2], np.uint16)) if has_depth else b""
        self._last: tuple[float, bytes] | None = None
        self.num_frozen = self.num_without_depth = 0

    @property
    def length(self) -> int:
        """Frames so far."""
        return self._times.length

    def append(self, image: np.ndarray, time: float, depth: np.ndarray | None = None) -> None:
        """Encode a frame (H, W, 3) and its depth (H, W); their shards are written when they are whole.

        Raises:
            OSError: the disk is full or gone.
        """
        known = None if depth is None or self._depths is None else depth_file.encode_depth(depth)
        self.append_encoded(frame_file.encode_frame(image, self._jpeg_level), time, known)

    def append_encoded(self, encoded: bytes, time: float, depth: bytes | None = None) -> None:
        """Take a frame and its depth as they stand in a shard.

        Raises:
            OSError: the disk is full or gone.
        """
        if self._last is not None:
            self.num_frozen += time != self._last[0] and encoded == self._last[1]
        self._last = time, encoded
        if self._depths is not None:
            self.num_without_depth += depth is None
            self._depths.append(self._unknown if depth is None else depth)
        self._images.append(encoded)
        self._times.append({self._time: np.float64(time)})
        self._times.flush_when_full()

    def adopt(self, shard: Path, times: Sequence[float], depth_shard: Path | None = None) -> bool:
        """Take over the files of a whole shard as they are; only where a shard begins.

        Args:
            shard: of the frames.
            times: of them [s].
            depth_shard: of their depth, where depth is stored.

        Returns:
            Whether they were taken over.

        Raises:
            OSError: the disk is full or gone.
        """
        if len(times) != SHARD_ROWS or (self._depths is not None) != (depth_shard is not None):
            return False
        if not self._images.adopt(shard):
            return False
        if self._depths is not None and depth_shard is not None:
            self._depths.adopt(depth_shard)
        for time in times:
            self._times.append({self._time: np.float64(time)})
        self._times.flush_when_full()
        return True

    def flush(self) -> None:
        """Write the frames that were not written yet, and their times.

        Raises:
            OSError: the disk is full or gone.
        """
        if self._depths is not None:
            self._depths.flush()
        self._images.flush()
        self._times.flush()

    def finish(self) -> None:
        """Write the frames that wait, and describe the arrays.

        Raises:
            OSError: the disk is full or gone.
        """
        self.flush()
        if self._depths is not None:
            description = depth_file.describe((self.length, *self._size.shape[:2]))
            array_metadata.write(self._depth_folder, description, self._disk)
        description = frame_file.describe((self.length, *self._size.shape), self._jpeg_level)
        array_metadata.write(self._folder, description, self._disk)
        self._times.finish()
