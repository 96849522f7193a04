"""Plays a list of commands against the clock, as the vendor's node does: each is sent when the one before is due."""

import logging
import threading
from collections.abc import Callable, Sequence

from clam_robot.timing import Clock

Send = Callable[[Sequence[float]], None]

_log = logging.getLogger(__name__)


class TrajectoryPlayer:
    """One trajectory at a time; another is refused meanwhile.

    Args:
        clock: a real one.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, times: Sequence[float], commands: Sequence[Sequence[float]], send: Send) -> None:
        """Begin to play; the first point is where the arm is and is not sent.

        The rest is given up where one is long overdue, as after this program was suspended: the arm would leap.

        Args:
            times: from the start, ascending [s].
            commands: as many.
            send: sends one.
        """
        if self._thread is not None and self._thread.is_alive():
            _log.warning("a trajectory was refused: one is being played")
            return
        if len(times) < 2:
            _log.warning("a trajectory was refused: it has fewer than two points")
            return
        self._thread = threading.Thread(target=self._play, args=(times, commands, send), name="trajectory", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Send no more."""
        self._stopped.set()

    def _play(self, times: Sequence[float], commands: Sequence[Sequence[float]], send: Send) -> None:
        begin = self._clock.now()
        for time, command in zip(times, commands[1:], strict=False):
            due = begin + time - times[0]
            if self._stopped.wait(max(0.0, due - self._clock.now())):
                return
            if (late := self._clock.now() - due) > _OVERDUE:
                _log.warning("the rest of a trajectory was given up: a point of it is %.1f s late", late)
                return
            send(command)


_OVERDUE = 0.5  # [s]
