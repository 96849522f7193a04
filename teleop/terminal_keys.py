"""The one reader of a terminal's keys, over SSH too."""

import os
import select
import termios
import threading
import tty
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Protocol, TextIO, runtime_checkable

from teleop.key_parser import KeyParser

# How long the rest of a key that came in pieces may take [s].
_PIECES_WITHIN = 0.05
_NO_KEY = b"\0"  # POSIX's _POSIX_VDISABLE, as Linux has it


@runtime_checkable
class KeyListener(Protocol):
    """Hears the keys in a thread of the reader."""

    def hear(self, keys: Sequence[str]) -> Sequence[str]:
        """Take keys that came at once (`KeyParser`); what is not for this listener is returned, for the next one."""
        ...

    def lost(self) -> None:
        """The terminal is gone."""
        ...


class TerminalKeys:
    """While somebody has it open, keys are read as they are pressed and not shown. Ctrl-C keeps its meaning.

    Ctrl-Z, Ctrl-backslash and Ctrl-S are keys as others: a program that drives an arm is not suspended, killed or held
    up in what it prints by a slip of the hand.

    When the last who opened it closes it, the terminal is as it was; leaving the `with` block closes it for all. One
    that is no terminal is left alone.

    Args:
        terminal: to read keys from.
    """

    def __init__(self, terminal: TextIO) -> None:
        self._terminal = terminal
        self._listeners: list[KeyListener] = []
        self._num_users = 0

    @property
    def is_open(self) -> bool:
        """Whether keys are read."""
        return self._num_users > 0

    def listen(self, listener: KeyListener, *, first: bool = False) -> None:
        """Have somebody hear the keys, behind or before those who do already."""
        self._listeners.insert(0 if first else len(self._listeners), listener)

    def forget(self, listener: KeyListener) -> None:
        """Have a listener hear no more."""
        self._listeners.remove(listener)

    def open(self) -> bool:
        """Begin to read, unless somebody had it begin already; whether there is a terminal."""
        if not self._terminal.isatty():
            return False
        if not self._num_users:
            self._file = self._terminal.fileno()
            self._before = termios.tcgetattr(self._file)
            self._wake, self._woken = os.pipe()
            tty.setcbreak(self._file)
            self._take_control_keys()
            self._thread = threading.Thread(target=self._run, name="keys", daemon=True)
            self._thread.start()
        self._num_users += 1
        return True

    def close(self) -> None:
        """Read no more, where nobody else wants it."""
        if not self._num_users:
            return
        self._num_users -= 1
        if self._num_users:
            return
        os.write(self._woken, b".")
        self._thread.join()
        os.close(self._wake)
        os.close(self._woken)
        with suppress(termios.error):  # the terminal is gone
            termios.tcsetattr(self._file, termios.TCSADRAIN, self._before)

    def __enter__(self) -> "TerminalKeys":
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        while self._num_users:
            self.close()

    def _take_control_keys(self) -> None:
        mode = termios.tcgetattr(self._file)
        mode[tty.IFLAG] &= ~termios.IXON
        for key in (termios.VSUSP, termios.VQUIT):
            mode[tty.CC][key] = _NO_KEY
        termios.tcsetattr(self._file, termios.TCSADRAIN, mode)

    def _run(self) -> None:
        parser = KeyParser()
        while True:
            timeout = _PIECES_WITHIN if parser.is_pending else None
            ready, _, _ = select.select([self._file, self._wake], [], [], timeout)
            if self._wake in ready:
                return
            try:
                data = os.read(self._file, 64) if ready else None
            except OSError:
                data = b""
            if data == b"":
                for listener in list(self._listeners):
                    listener.lost()
                return
            keys: Sequence[str] = parser.flush() if data is None else parser.feed(data)
            for listener in list(self._listeners):
                keys = listener.hear(keys) if keys else keys
