"""The encoded frames of one array, written as they come."""

from collections.abc import Callable
from pathlib import Path

from clam_robot.episodes import frame_file
from clam_robot.episodes.disk import Disk
from clam_robot.episodes.schema import SHARD_ROWS


class ShardStream:
    """Keeps what is encoded of the shard that is not full yet.

    Args:
        folder: of the array; made.
        num_axes: of the array.
        disk: where to.
        settle: called with each file that does not change any more.

    Attributes:
        length: frames so far.
    """

    def __init__(self, folder: Path, num_axes: int, disk: Disk, settle: Callable[[Path], None]) -> None:
        self._folder, self._num_axes, self._disk, self._settle = folder, num_axes, disk, settle
        self._shard: list[bytes] = []
        self._num_written = 0
        self.length = 0
        disk.make_folder(folder)

    def append(self, encoded: bytes) -> None:
        """Take a frame as it stands in a shard; the shard is written when it is whole.

        Raises:
            OSError: the disk is full or gone.
        """
        self._shard.append(encoded)
        self.length += 1
        if len(self._shard) == SHARD_ROWS:
            self.flush()

    def adopt(self, shard: Path) -> bool:
        """Take over the file of a whole shard as it is; only where a shard begins.

        Returns:
            Whether it was taken over.

        Raises:
            OSError: the disk is full or gone.
        """
        if self._shard:
            return False
        self._disk.link(shard, self._path(self.length // SHARD_ROWS))
        self.length += SHARD_ROWS
        self._num_written = self.length
        return True

    def flush(self) -> None:
        """Write the frames that were not written yet.

        Raises:
            OSError: the disk is full or gone.
        """
        if self.length == self._num_written:
            return
        path = self._path((self.length - 1) // SHARD_ROWS)
        self._disk.replace_file(path, frame_file.encode_shard(self._shard))
        self._num_written = self.length
        if len(self._shard) == SHARD_ROWS:
            self._shard.clear()
            self._settle(path)

    def _path(self, shard: int) -> Path:
        return self._folder / frame_file.file_name(shard, self._num_axes)
