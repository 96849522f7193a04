"""The keys of a terminal that say what becomes of episodes, whatever the robot is driven with."""

from collections.abc import Callable, Sequence

from clam_robot.timing import Clock
from teleop.session_state import Phase, SessionControl, Wish
from teleop.text_entry import TextEntry

WISHES: dict[str, Wish] = {
    "enter": Wish.START,
    ".": Wish.END,
    "v": Wish.KEEP,
    "y": Wish.SUCCESS,
    "x": Wish.FAILURE,
    "?": Wish.UNSURE,
    "n": Wish.REDO,
    "backspace": Wish.DISCARD,
    " ": Wish.STOP,
}
TEXTS: dict[str, Wish] = {"m": Wish.NOTE, "t": Wish.TASK}
CLEAR = "c"
_AT_REST = frozenset({Phase.READY, Phase.REVIEW, Phase.STOPPED})


class SessionKeys:
    """A `KeyListener` behind a keyboard that drives, which says its own share of these, and before the stop keys.

    A key says something once however long it is held.

    Args:
        session: what is asked.
        entry: where notes and the task are typed; only while the robot rests.
        clock: of the presses.
        refuse: told why a key was refused.
        again_after: a key must be left alone this long to count again [s].
    """

    def __init__(
        self,
        session: SessionControl,
        entry: TextEntry,
        clock: Clock,
        *,
        refuse: Callable[[str], object] = lambda reason: None,
        again_after: float = 0.7,
    ) -> None:
        self._session, self._entry, self._clock, self._refuse = session, entry, clock, refuse
        self._again_after = again_after
        self._pressed: dict[str, float] = {}

    def hear(self, keys: Sequence[str]) -> Sequence[str]:
        """Take this session's keys."""
        return [key for key in keys if not self._take(key.lower() if len(key) == 1 else key)]

    def lost(self) -> None:
        """Nothing to do: the stop keys stop."""

    def _take(self, key: str) -> bool:
        is_stopped = self._session.state().phase is Phase.STOPPED
        if key not in WISHES and key not in TEXTS and not (key == CLEAR and is_stopped):
            return False
        now = self._clock.now()
        since, self._pressed[key] = now - self._pressed.get(key, float("-inf")), now
        if since <= self._again_after:
            return True
        if key in TEXTS:
            self._type(TEXTS[key])
        else:
            self._say(WISHES.get(key, Wish.CLEAR))
        return True

    def _type(self, wish: Wish) -> None:
        if self._session.state().phase not in _AT_REST:
            self._refuse(f"{wish}: texts are typed while the robot rests; the keys drive it now")
            return
        self._entry.begin(str(wish), lambda line: self._say(wish, line))

    def _say(self, wish: Wish, text: str = "") -> None:
        refusal = self._session.ask(wish, text)
        if refusal:
            self._refuse(refusal)
