"""The software stop on a keyboard, over SSH too."""

from collections.abc import Sequence

from clam_robot.hardware.stop_latch import StopLatch

CLEAR = "c"


class StopKeys:
    """A `KeyListener`: any key that reaches it stops the arm, and `c` alone clears a stop.

    Args:
        latch: what is set and cleared.
    """

    def __init__(self, latch: StopLatch) -> None:
        self._latch = latch

    def hear(self, keys: Sequence[str]) -> Sequence[str]:
        """Stop, or clear."""
        if list(keys) == [CLEAR] and self._latch.cause is not None:
            self._latch.clear()
        elif keys:
            self._latch.stop(detail="a key was pressed")
        return ()

    def lost(self) -> None:
        """Stop: nobody can, from now on."""
        self._latch.stop(detail="the terminal of the stop keys was closed")
