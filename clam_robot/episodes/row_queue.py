"""What stands between the control loop and the disk."""

import threading
from collections import deque

from clam_robot.episodes.row import Row


class RowQueue:
    """Rows in order, bounded by the memory they take; one thread puts, another gets."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._rows: deque[Row] = deque()
        self._num_bytes = 0
        self._is_closed = False
        self._changed = threading.Condition()

    def put(self, row: Row, *, wait: bool) -> bool:
        """Add a row; a single row always fits.

        Args:
            wait: wait for room; otherwise a full queue refuses at once.

        Returns:
            Whether the row was taken; a closed queue takes none.
        """
        with self._changed:
            while not self._has_room(row) and not self._is_closed and wait:
                self._changed.wait()
            if self._is_closed or not self._has_room(row):
                return False
            self._rows.append(row)
            self._num_bytes += row.num_bytes
            self._changed.notify_all()
            return True

    def get(self) -> Row | None:
        """The oldest row, as soon as there is one; None when the queue is closed and empty."""
        with self._changed:
            while not self._rows and not self._is_closed:
                self._changed.wait()
            if not self._rows:
                return None
            row = self._rows.popleft()
            self._num_bytes -= row.num_bytes
            self._changed.notify_all()
            return row

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
