"""Keys of a session at the terminal, and the lines typed there."""

from collections.abc import Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as st

from clam_robot.timing import ManualClock
from clam_robot.types import Step
from teleop.session_keys import SessionKeys
from teleop.session_rules import Situation
from teleop.session_state import Phase, SessionControl, SessionState, Wish
from teleop.text_entry import TextEntry


class Asked(SessionControl):
    """Keeps what it is asked for, and refuses what does not fit."""

    def __init__(self, phase: Phase) -> None:
        self.phase = phase
        self.wishes: list[tuple[Wish, str]] = []

    def state(self) -> SessionState:
        return SessionState(phase=self.phase, mode="play", task="", operator="", target=1)

    def ask(self, wish: Wish, text: str = "") -> str:
        answer = Situation(phase=self.phase, has_episode=True).after_wish(wish)
        if isinstance(answer, str):
            return answer
        self.wishes.append((wish, text))
        return ""

    def newest_step(self) -> Step | None:
        return None

    @property
    def details(self) -> Mapping[str, str]:
        return {}


class Keyboard:
    """What the terminal's reader would do with keys."""

    def __init__(self, phase: Phase) -> None:
        self.clock, self.asked, self.entry = ManualClock(), Asked(phase), TextEntry()
        self.refusals: list[str] = []
        self.keys = SessionKeys(self.asked, self.entry, self.clock, refuse=self.refusals.append)

    def press(self, *keys: str, pause: float = 1.0) -> Sequence[str]:
        """What nobody took."""
        left: list[str] = []
        for key in keys:
            self.clock.advance(pause)
            left += self.keys.hear(self.entry.hear([key]))
        return left


def test_each_key_says_its_word_once_however_long_it_is_held() -> None:
    keyboard = Keyboard(Phase.REVIEW)
    keyboard.press("y")
    keyboard.press(*"yyyyyy", pause=0.03)
    assert keyboard.asked.wishes == [(Wish.SUCCESS, "")]
    assert keyboard.press("X", "?", "v", "n", "backspace", "w", "z") == ["w", "z"]  # for the robot, and for the stop
    assert [wish for wish, _ in keyboard.asked.wishes[1:]] == [
        Wish.FAILURE,
        Wish.UNSURE,
        Wish.KEEP,
        Wish.REDO,
        Wish.DISCARD,
    ]


def test_the_key_that_clears_is_one_only_while_the_robot_is_stopped() -> None:
    assert Keyboard(Phase.REVIEW).press("c") == ["c"]
    stopped = Keyboard(Phase.STOPPED)
    assert stopped.press("c") == []
    assert stopped.asked.wishes == [(Wish.CLEAR, "")]


def test_a_note_is_typed_without_a_key_reaching_the_robot() -> None:
    keyboard = Keyboard(Phase.REVIEW)
    assert keyboard.press("m", *"w s!", "up", "backspace", "?", "z", "enter") == []
    assert keyboard.asked.wishes == [(Wish.NOTE, "w s?z")]
    assert keyboard.press("t", "a", "\x1b", "w") == ["w"]
    assert keyboard.entry.line is None
    assert len(keyboard.asked.wishes) == 1


def test_nothing_is_typed_while_the_robot_moves() -> None:
    keyboard = Keyboard(Phase.RECORDING)
    assert keyboard.press("m", "w") == ["w"]
    assert keyboard.entry.line is None
    assert "while the robot rests" in keyboard.refusals[0]


def test_a_refusal_is_told() -> None:
    keyboard = Keyboard(Phase.REVIEW)
    keyboard.press("enter")
    assert "first say what becomes of this episode" in keyboard.refusals[0]


@given(st.lists(st.one_of(st.text(min_size=1, max_size=1), st.sampled_from(["up", "enter", "backspace", "\x1b[15~"]))))
def test_a_line_takes_whatever_is_pressed(keys: list[str]) -> None:
    entry, lines = TextEntry(), list[str]()
    entry.begin("note", lines.append)
    left = list(entry.hear(keys))
    if "enter" in keys and "\x1b" not in keys:
        assert left == keys[keys.index("enter") + 1 :]
        assert lines[0].isprintable()
    elif "\x1b" not in keys:
        assert left == []
        assert entry.line is not None
        entry.lost()
        assert entry.line is None
