"""Clocks and pacing. Everything that needs time is handed a `Clock`; nothing here reads the calendar."""

import math
import time
from typing import Protocol, runtime_checkable


@runtime_checkable
class Clock(Protocol):
    """Monotonic seconds, and a way to wait for a moment."""

    def now(self) -> float:
        """Seconds since an arbitrary start [s]."""
        ...

    def sleep_until(self, deadline: float) -> None:
        """Return at `deadline` [s], at once when it has passed."""
        ...


class MonotonicClock:
    """The machine's monotonic clock, shared by every process on it."""

    def now(self) -> float:
        """Seconds of CLOCK_MONOTONIC [s]."""
        return time.monotonic()

    def sleep_until(self, deadline: float) -> None:
        """Sleep to an absolute deadline [s], so that errors do not add up."""
        remaining = deadline - time.monotonic()
        if remaining > 0:
            time.sleep(remaining)


class ManualClock:
    """A clock that moves only when told: simulations repeat exactly and run faster than real time."""

    def __init__(self, start: float = 0.0) -> None:
        self._now = start

    def now(self) -> float:
        """The time it was last set to [s]."""
        return self._now

    def sleep_until(self, deadline: float) -> None:
        """Jump to `deadline` [s]."""
        self._now = max(self._now, deadline)

    def advance(self, seconds: float) -> None:
        """Move forward by `seconds` [s]."""
        if not seconds >= 0:
            raise ValueError(f"a monotonic clock only moves forward, found {seconds} s")
        self._now += seconds


class Rate:
    """Paces a loop by absolute deadlines and counts the periods that began late.

    A late loop does not try to catch up with a burst: after an overrun the next deadline is one period from now.

    Attributes:
        period: [s].
        num_overruns: deadlines that had passed already when `sleep` was called.
        worst_lateness: largest overrun seen [s].
    """

    def __init__(self, hz: float, clock: Clock) -> None:
        if not 0 < hz < math.inf:
            raise ValueError(f"a rate must be positive and finite, found {hz} Hz")
        self.period = 1.0 / hz
        self.num_overruns = 0
        self.worst_lateness = 0.0
        self._clock = clock
        self._deadline = clock.now() + self.period

    def reset(self) -> None:
        """Begin anew: the first period starts now, counts go to zero."""
        self.num_overruns = 0
        self.worst_lateness = 0.0
        self._deadline = self._clock.now() + self.period

    def sleep(self) -> None:
        """Wait for the end of the current period."""
        lateness = self._clock.now() - self._deadline
        if lateness > 0:
            self.num_overruns += 1
            self.worst_lateness = max(self.worst_lateness, lateness)
            self._deadline += lateness
        else:
            self._clock.sleep_until(self._deadline)
        self._deadline += self.period
