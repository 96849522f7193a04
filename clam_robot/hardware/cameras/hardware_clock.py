"""Tells the robot's time from the stamps of a device's own clock."""

from collections import deque

# Frames may overtake one another by less than this; a clock that goes back further was set anew [s].
_JUMP = 0.25


class HardwareClock:
    """Maps a device's clock, of unknown offset and slightly wrong rate, to the robot's clock.

    A frame arrives some time after its stamp: never less than the way takes, often more. So the least difference
    between arrival and stamp within the last seconds is the offset of the clocks, as if every frame came the fast way.
    Where the fastest way takes `way`, the error is at most `drift * window` early and at most `way`, the extra delay of
    the window's fastest frame and `drift * window` late. It is never later than the arrival, and never goes back.

    Args:
        window: over which the fastest frame is looked for [s]; 5 s hold 150 frames, and 50 ppm of drift are 0.25 ms.
        modulus: where the device's clock begins anew from zero [s]; None where it does not.
    """

    def __init__(self, *, window: float = 5.0, modulus: float | None = None) -> None:
        self._window = window
        self._modulus = modulus
        self.reset()

    def reset(self) -> None:
        """Forget the device: it was opened anew."""
        # (arrival, offset), both rising: the front is the least offset of the window.
        self._offsets: deque[tuple[float, float]] = deque()
        self._turns = 0
        self._last_stamp: float | None = None
        self._last_time = -float("inf")

    def time_of(self, stamp: float, arrival: float) -> float:
        """When a frame was stamped, by the robot's clock.

        Args:
            stamp: by the device's clock [s].
            arrival: by the robot's clock, when the frame reached this program; rises from call to call [s].
        """
        stamp = self._unwrapped(stamp)
        # A clock that was set back would hide behind the offsets from before; one that leapt ahead has the least.
        if self._last_stamp is not None and stamp < self._last_stamp - _JUMP:
            self._offsets.clear()
        self._last_stamp = stamp
        offset = arrival - stamp
        while self._offsets and self._offsets[-1][1] >= offset:
            self._offsets.pop()
        self._offsets.append((arrival, offset))
        while self._offsets[0][0] < arrival - self._window:
            self._offsets.popleft()
        self._last_time = max(self._last_time, min(stamp + self._offsets[0][1], arrival))
        return self._last_time

    def _unwrapped(self, stamp: float) -> float:
        if self._modulus is None:
            return stamp
        stamp += self._turns * self._modulus
        if self._last_stamp is not None and stamp < self._last_stamp - 0.5 * self._modulus:
            self._turns += 1
            stamp += self._modulus
        return stamp
