"""Which frames of a camera were taken over, so that rows can refer to them."""

import math
from collections import OrderedDict, deque

import numpy as np

# How far back a row may refer: half a minute of a camera.
_NUM_KNOWN = 1024
_NUM_REFUSED = 64


class FrameLedger:
    """Numbers the frames of one camera, and knows them again by their capture time.

    Attributes:
        num_frames: taken over so far.
        num_dropped: refused so far, and not brought again by a row.
    """

    def __init__(self) -> None:
        self.num_frames = 0
        self.num_dropped = 0
        self._known: OrderedDict[float, int] = OrderedDict()
        self._refused: deque[float] = deque(maxlen=_NUM_REFUSED)
        self._shown: tuple[int, np.ndarray] | None = None

    def find(self, time: float, image: np.ndarray) -> int | None:
        """The number of a frame that was taken over; None where it was not.

        Two pictures that came with rows under one time are two frames: a world may stand still in time only.
        """
        number = self._known.get(time)
        if number is not None and self._shown is not None and self._shown[0] == number:
            return number if np.array_equal(self._shown[1], image) else None
        return number

    def add(self, time: float, shown: np.ndarray | None = None) -> int:
        """Number a frame that was taken over.

        Args:
            time: of its capture [s]; NaN where unknown.
            shown: its picture, where it came with a row.
        """
        number, self.num_frames = self.num_frames, self.num_frames + 1
        if time in self._refused:
            self._refused.remove(time)
            self.num_dropped -= 1
        if not math.isnan(time):
            self._known[time] = number
            if len(self._known) > _NUM_KNOWN:
                self._known.popitem(last=False)
        if shown is not None:
            self._shown = number, shown
        return number

    def refuse(self, time: float) -> None:
        """Count a frame for which there was no room; once, however often it is offered."""
        if time in self._refused:
            return
        self.num_dropped += 1
        if not math.isnan(time):
            self._refused.append(time)
