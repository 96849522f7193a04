"""Which keys do what in a recording session."""

from collections.abc import Iterator

from teleop.session_state import Phase, SessionState, Wish
from teleop.stop_keys import CLEAR

_KEYS: tuple[tuple[str, Wish, str], ...] = (
    (CLEAR, Wish.CLEAR, "clear the stop"),
    ("enter", Wish.START, "start"),
    ("y", Wish.SUCCESS, "success"),
    ("x", Wish.FAILURE, "failure"),
    ("?", Wish.UNSURE, "unsure"),
    ("v", Wish.KEEP, "keep"),
    (".", Wish.END, "end"),
    ("n", Wish.REDO, "redo"),
    ("bksp", Wish.DISCARD, "discard"),
    ("m", Wish.NOTE, "note"),
    ("t", Wish.TASK, "task"),
    ("space", Wish.STOP, "STOP"),
    ("Ctrl-C", Wish.QUIT, "finish"),
)
_DRIVING = (
    ("ws ad eq", "move"),
    ("uo ik jl", "turn"),
    ("g", "gripper"),
    ("- +", "speed"),
)
_TYPING = {Wish.NOTE, Wish.TASK}
_AT_REST = {Phase.READY, Phase.REVIEW, Phase.STOPPED}


def keys_of(state: SessionState, *, drives_by_keys: bool) -> Iterator[tuple[str, str]]:
    """Keys that do something now, and what."""
    if drives_by_keys and state.phase in {Phase.RECORDING, Phase.COUNTDOWN}:
        yield from _DRIVING
    for key, wish, what in _KEYS:
        is_done = wish is Wish.STOP and state.phase is Phase.STOPPED
        if wish in state.wishes and not is_done and (wish not in _TYPING or state.phase in _AT_REST):
            yield key, what
