"""A line that a person types at the terminal while the robot rests."""

import threading
from collections.abc import Callable, Sequence

from teleop.key_parser import ESCAPE


class TextEntry:
    """A `KeyListener`, in front of all others: while a line is typed, its keys reach nobody else.

    Enter hands the line over, the escape key drops it. Keys that are no characters count for nothing.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._line: str | None = None
        self.label = ""
        self._done: Callable[[str], object] = lambda line: None

    @property
    def line(self) -> str | None:
        """As typed so far; None while nothing is typed."""
        return self._line

    def begin(self, label: str, done: Callable[[str], object]) -> None:
        """Have a line typed.

        Args:
            label: what it is, for the person.
            done: gets the line.
        """
        with self._lock:
            self.label, self._done, self._line = label, done, ""

    def hear(self, keys: Sequence[str]) -> Sequence[str]:
        """Take keys while a line is typed; give them all back otherwise."""
        for index, key in enumerate(keys):
            with self._lock:
                line = self._line
                if line is None:
                    return keys[index:]
                self._line = None if key in {"enter", ESCAPE} else _typed(line, key)
            if key == "enter":
                self._done(line)
        return ()

    def lost(self) -> None:
        """Drop the line."""
        with self._lock:
            self._line = None


def _typed(line: str, key: str) -> str:
    if key == "backspace":
        return line[:-1]
    return line + key if len(key) == 1 and key.isprintable() else line
