"""How well a camera delivers."""

from collections import deque
from dataclasses import dataclass

import numpy as np

from clam_robot.hardware.cameras.camera import Frame

# Frames that the rate and the latency are taken over: about five seconds.
_WINDOW = 150


@dataclass(frozen=True, kw_only=True)
class CameraStatistics:
    """Of one camera, since its thread was started.

    Attributes:
        num_frames: taken over.
        num_dropped: missing in the device's count or, where it counts none, between capture times.
        num_duplicates: that came a second time.
        num_refused: of the wrong size.
        num_reconnects: how often it was opened again.
        rate: of the newest frames, by capture time [1/s]; 0 before the second one.
        latency_p50: median time from capture until it could be had [s]; NaN without a frame.
        latency_p95: as many are faster than this [s].
    """

    num_frames: int
    num_dropped: int
    num_duplicates: int
    num_refused: int
    num_reconnects: int
    rate: float
    latency_p50: float
    latency_p95: float


class CameraTally:
    """Counts what a camera's thread takes over; used under the thread's lock.

    Args:
        fps: frames per second it was asked for.
    """

    def __init__(self, fps: float) -> None:
        self._period = 1.0 / fps
        self.num_frames = self._num_dropped = self._num_duplicates = 0
        self.num_refused = self.num_opened = 0
        self._last: Frame | None = None
        self._times: deque[float] = deque(maxlen=_WINDOW)
        self._latencies: deque[float] = deque(maxlen=_WINDOW)

    def begin(self) -> None:
        """The camera was opened: its count and its gaps begin anew."""
        self.num_opened += 1
        self._last = None
        self._times.clear()

    def add(self, frame: Frame, arrival: float) -> bool:
        """Count a frame; False for one that was there already.

        Args:
            frame: of the right size.
            arrival: when it could be had [s].
        """
        last = self._last
        if last is not None:
            if frame.sequence == last.sequence and (frame.sequence is not None or frame.time == last.time):
                self._num_duplicates += 1
                return False
            self._num_dropped += self._missing(last, frame)
        self._last = frame
        self.num_frames += 1
        self._times.append(frame.time)
        self._latencies.append(arrival - frame.time)
        return True

    def _missing(self, last: Frame, frame: Frame) -> int:
        if frame.sequence is not None and last.sequence is not None:
            return max(frame.sequence - last.sequence - 1, 0)
        return max(round((frame.time - last.time) / self._period) - 1, 0)

    @property
    def rate(self) -> float:
        """Of the newest frames [1/s]."""
        span = self._times[-1] - self._times[0] if len(self._times) > 1 else 0.0
        return (len(self._times) - 1) / span if span > 0 else 0.0

    def statistics(self) -> CameraStatistics:
        """All of it."""
        p50, p95 = np.percentile(self._latencies, [50, 95]) if self._latencies else (np.nan, np.nan)
        return CameraStatistics(
            num_frames=self.num_frames,
            num_dropped=self._num_dropped,
            num_duplicates=self._num_duplicates,
            num_refused=self.num_refused,
            num_reconnects=max(self.num_opened - 1, 0),
            rate=self.rate,
            latency_p50=float(p50),
            latency_p95=float(p95),
        )
