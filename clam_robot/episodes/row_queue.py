"""What stands between the control loop and the disk."""

import threading
from collections import deque

from clam_robot.episodes.row import Row


class RowQueue:
    """Rows in order, bounded by the memory they take; one thread puts, another gets them in blocks."""

    def __init__(self, *, max_bytes: int, block_rows: int) -> None:
        self._max_bytes = max_bytes
        self._block_rows = block_rows
        self._rows: deque[Row] = deque()
        self._num_bytes = 0
        self._is_closed = False
        self._is_full = False
        self._changed = threading.Condition()

    def put(self, row: Row, *, wait: bool) -> bool:
        """Add a row; a single row always fits.

        Args:
            wait: wait for room; otherwise a full queue refuses at once.

        Returns:
            Whether the row was taken; a closed queue takes none.
        """
        with self._changed:
            while not self._is_closed and not self._has_room(row):
                self._is_full = True
                self._changed.notify_all()
                if not wait:
                    return False
                self._changed.wait()
            if self._is_closed:
                return False
            self._rows.append(row)
            self._num_bytes += row.num_bytes
            if len(self._rows) >= self._block_rows:
                self._changed.notify_all()
            return True

    def get(self) -> list[Row]:
        """The next block, as soon as it is whole or the queue is full or closed; empty when nothing will come."""
        with self._changed:
            while len(self._rows) < self._block_rows and not self._is_full and not self._is_closed:
                self._changed.wait()
            block = [self._rows.popleft() for _ in range(min(len(self._rows), self._block_rows))]
            self._num_bytes -= sum(row.num_bytes for row in block)
            self._is_full = False
            self._changed.notify_all()
            return block

    def close(self, *, discard: bool = False) -> None:
        """Take no further rows; with `discard` forget those that wait."""
        with self._changed:
            self._is_closed = True
            if discard:
                self._rows.clear()
                self._num_bytes = 0
            self._changed.notify_all()

    def _has_room(self, row: Row) -> bool:
        return not self._rows or self._num_bytes + row.num_bytes <= self._max_bytes
