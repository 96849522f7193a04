"""How long work tells how far it is."""

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Called with episodes done and episodes in all; the latter is 0 while it is not known."""


def silent(done: int, total: int) -> None:
    """Tell nobody."""
