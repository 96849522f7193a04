"""Whether the program itself stood still: suspended, or on a machine that is far too busy."""

from clam_robot.timing import Clock


class Standstill:
    """Notices that turns, which come at a steady rate, did not come for a while, and keeps that up for some turns.

    Whatever is heard right afterwards, as that a stop is cleared, was asked for meanwhile, of a program that did not
    answer: nobody has seen yet how the arm stands now.

    Args:
        clock: real.
        longest: time between two turns that is none [s].
    """

    def __init__(self, clock: Clock, longest: float) -> None:
        self._clock, self._longest = clock, longest
        self._last_turn = clock.now()
        self._words, self._num_turns_left = "", 0

    @property
    def last_turn(self) -> float:
        """When it was [s]."""
        return self._last_turn

    def forgive(self) -> None:
        """Turns begin now: that there were none was meant."""
        self._last_turn = self._clock.now()

    def notice(self) -> str:
        """A turn begins: what stops the arm, in words; empty where nothing does."""
        before, self._last_turn = self._last_turn, self._clock.now()
        stood = self._last_turn - before
        if stood > self._longest:
            self._words = f"this program stood still for {stood:.1f} s; was it suspended, or the machine far too busy?"
            self._num_turns_left = _NUM_TURNS
        if not self._num_turns_left:
            return ""
        self._num_turns_left -= 1
        return self._words


_NUM_TURNS = 25  # half a second: sooner nobody sees that it is stopped, looks at the arm and clears the stop
