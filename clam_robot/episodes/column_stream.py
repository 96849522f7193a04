"""Arrays that grow together, a value of each at a time."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from clam_robot.episodes import array_metadata, column_file
from clam_robot.episodes.disk import Disk
from clam_robot.episodes.schema import CHUNK_ROWS, Column


class ColumnStream:
    """Keeps the rows of the chunk that is not full yet, and writes them when told.

    Args:
        episode: folder of the episode.
        columns: in the order of writing; the last one tells how far all of them are whole.
        disk: where to.
        settle: called with each file that does not change any more.

    Attributes:
        length: rows so far.
    """

    def __init__(self, episode: Path, columns: Sequence[Column], disk: Disk, settle: Callable[[Path], None]) -> None:
        self._episode = episode
        self._columns = columns
        self._disk = disk
        self._settle = settle
        self._chunk = {column.name: np.full((CHUNK_ROWS, *column.row), column.fill, column.dtype) for column in columns}
        self._num_pending = 0
        self._num_written: int = 0
        self.length: int = 0
        for column in columns:
            disk.make_folder(episode / column.name)

    @property
    def is_full(self) -> bool:
        """Whether the chunk is whole, and has to be written before the next row."""
        return self._num_pending == CHUNK_ROWS

    def append(self, values: Mapping[str, np.ndarray | np.generic]) -> None:
        """Take a row of each column."""
        for name, chunk in self._chunk.items():
            chunk[self._num_pending] = values[name]
        self._num_pending += 1
        self.length += 1

    def flush(self) -> None:
        """Write the rows that were not written yet.

        Raises:
            OSError: the disk is full or gone.
        """
        if self.length == self._num_written:
            return
        number = (self.length - 1) // CHUNK_ROWS
        for column in self._columns:
            path = self._episode / column.name / column_file.file_name(column, number)
            content = column_file.encode_chunk(column, self._chunk[column.name][: self._num_pending])
            self._disk.replace_file(path, content)
            if self.is_full:
                self._settle(path)
        if self.is_full:
            self._num_pending = 0
        self._num_written = self.length

    def flush_when_full(self) -> None:
        """Write the chunk when it is whole.

        Raises:
            OSError: the disk is full or gone.
        """
        if self.is_full:
            self.flush()

    def finish(self) -> None:
        """Write the rows that wait, and describe the arrays.

        Raises:
            OSError: the disk is full or gone.
        """
        self.flush()
        for column in self._columns:
            description = column_file.describe(column, self.length)
            array_metadata.write(self._episode / column.name, description, self._disk)
