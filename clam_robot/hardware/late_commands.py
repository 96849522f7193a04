"""Which commands are too late: those that waited while this program stood still, suspended or starved."""

import logging
import threading

from clam_robot.timing import Clock

_log = logging.getLogger(__name__)


class LateCommands:
    """Notices that beats, which come at a steady rate, did not come for a while.

    A command that is heard right afterwards was meant for then: where the arm should have been, at full speed now. It
    carries no time of its own, and who sent it has long seen that the arm is silent. Any thread may ask.

    Args:
        clock: real.
        longest: time between two beats that is no standstill [s].
    """

    def __init__(self, clock: Clock, longest: float = 0.5) -> None:
        self._clock, self._longest = clock, longest
        self._lock = threading.Lock()
        self._last_beat, self._late_until = clock.now(), -1.0

    def beat(self) -> bool:
        """The program runs; whether a command that is heard now is too late."""
        with self._lock:
            before, self._last_beat = self._last_beat, self._clock.now()
            stood = self._last_beat - before
            if stood > self._longest:
                self._late_until = self._last_beat + _WINDOW
                _log.warning(
                    "this program stood still for %.1f s: what it was told meanwhile is not done; the arm holds", stood
                )
            return self._last_beat < self._late_until


_WINDOW = 0.3  # in which what waited is heard [s]
