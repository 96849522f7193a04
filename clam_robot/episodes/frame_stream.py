"""The frames of one camera and their times, written as they come."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from clam_robot.episodes import array_metadata, frame_file, schema
from clam_robot.episodes.column_stream import ColumnStream
from clam_robot.episodes.disk import Disk
from clam_robot.episodes.schema import SHARD_ROWS
from clam_robot.specs import CameraSpec


class FrameStream:
    """Encodes each frame when it comes and keeps the JPEGs of the shard that is not full yet.

    Args:
        episode: folder of the episode.
        camera: name.
        size: of its frames.
        disk: where to.
        settle: called with each file that does not change any more.
        jpeg_level: quality [0 .. 100].

    Attributes:
        num_frozen: frames equal to the one before, though captured at another time.
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
    ) -> None:
        self._folder = episode / schema.image_array(camera)
        self._size = size
        self._disk = disk
        self._settle = settle
        self._jpeg_level = jpeg_level
        self._time = schema.image_time_array(camera)
        self._times = ColumnStream(episode, [schema.image_time_column(camera)], disk, settle)
        self._shard: list[bytes] = []
        self._num_written = 0
        self._last: tuple[float, bytes] | None = None
        self.num_frozen = 0
        disk.make_folder(self._folder)

    @property
    def length(self) -> int:
        """Frames so far."""
        return self._times.length

    def append(self, image: np.ndarray, time: float) -> None:
        """Encode a frame (H, W, 3); its shard is written when it is whole.

        Raises:
            OSError: the disk is full or gone.
        """
        self.append_encoded(frame_file.encode_frame(image, self._jpeg_level), time)

    def append_encoded(self, encoded: bytes, time: float) -> None:
        """Take a frame as it stands in a shard.

        Raises:
            OSError: the disk is full or gone.
        """
        if self._last is not None:
            self.num_frozen += time != self._last[0] and encoded == self._last[1]
        self._last = time, encoded
        self._shard.append(encoded)
        self._times.append({self._time: np.float64(time)})
        if len(self._shard) == SHARD_ROWS:
            self._write_shard()
        self._times.flush_when_full()

    def adopt(self, shard: Path, times: Sequence[float]) -> bool:
        """Take over the file of a whole shard as it is; only where a shard begins.

        Returns:
            Whether it was taken over.

        Raises:
            OSError: the disk is full or gone.
        """
        if self._shard or len(times) != SHARD_ROWS:
            return False
        self._disk.link(shard, self._folder / frame_file.file_name(self.length // SHARD_ROWS))
        for time in times:
            self._times.append({self._time: np.float64(time)})
        self._num_written = self.length
        self._times.flush_when_full()
        return True

    def flush(self) -> None:
        """Write the frames that were not written yet, and their times.

        Raises:
            OSError: the disk is full or gone.
        """
        self._write_shard()
        self._times.flush()

    def finish(self) -> None:
        """Write the frames that wait, and describe the arrays.

        Raises:
            OSError: the disk is full or gone.
        """
        self.flush()
        description = frame_file.describe((self.length, *self._size.shape), self._jpeg_level)
        array_metadata.write(self._folder, description, self._disk)
        self._times.finish()

    def _write_shard(self) -> None:
        if self.length == self._num_written:
            return
        path = self._folder / frame_file.file_name((self.length - 1) // SHARD_ROWS)
        self._disk.replace_file(path, frame_file.encode_shard(self._shard))
        self._num_written = self.length
        if len(self._shard) == SHARD_ROWS:
            self._shard.clear()
            self._settle(path)
