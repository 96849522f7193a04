"""What stands between who produces records and the disk."""

import threading
from collections import deque
from collections.abc import Sequence

from clam_robot.episodes.records import Record


class RecordQueue:
    """Records in order, bounded by the memory they take; any thread puts, one gets them in blocks.

    Args:
        max_bytes: of the records that wait [bytes].
        block: records that wait for each other before they are handed over.
    """

    def __init__(self, *, max_bytes: int, block: int) -> None:
        self._max_bytes = max_bytes
        self._block = block
        self._records: deque[Record] = deque()
        self._num_bytes = 0
        self._is_closed = False
        self._is_full = False
        self._changed = threading.Condition()

    def put(self, records: Sequence[Record], *, wait: bool, share: float = 1.0) -> bool:
        """Add records that belong together, all or none; an empty queue takes any.

        Args:
            records: in order.
            wait: wait for room; otherwise a full queue refuses at once.
            share: of the memory that may be in use with them; the rest is for records that matter more.

        Returns:
            Whether they were taken; a closed queue takes none.
        """
        num_bytes = sum(record.num_bytes for record in records)
        with self._changed:
            while not self._is_closed and not self._has_room(num_bytes, share):
                self._is_full = True
                self._changed.notify_all()
                if not wait:
                    return False
                self._changed.wait()
            if self._is_closed:
                return False
            self._records.extend(records)
            self._num_bytes += num_bytes
            if len(self._records) >= self._block:
                self._changed.notify_all()
            return True

    def get(self, timeout: float | None = None) -> list[Record]:
        """The next block, as soon as it is whole or the queue is full or closed.

        Args:
            timeout: after which less than a block will do, or nothing [s]; waits for ever without.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._is_ready, timeout)
            block = [self._records.popleft() for _ in range(min(len(self._records), self._block))]
            self._num_bytes -= sum(record.num_bytes for record in block)
            self._is_full = False
            self._changed.notify_all()
            return block

    def close(self, *, discard: bool = False) -> None:
        """Take no further records; with `discard` forget those that wait."""
        with self._changed:
            self._is_closed = True
            if discard:
                self._records.clear()
                self._num_bytes = 0
            self._changed.notify_all()

    @property
    def is_over(self) -> bool:
        """Whether it takes no further records, and has none."""
        return self._is_closed and not self._records

    @property
    def is_closed(self) -> bool:
        """Whether it takes no further records."""
        return self._is_closed

    @property
    def fill(self) -> float:
        """Share of the memory in use [0 .. 1]; a single record may be larger than all of it."""
        return min(self._num_bytes / self._max_bytes, 1.0)

    @property
    def _is_ready(self) -> bool:
        return len(self._records) >= self._block or self._is_full or self._is_closed

    def _has_room(self, num_bytes: int, share: float) -> bool:
        return not self._records or self._num_bytes + num_bytes <= share * self._max_bytes
