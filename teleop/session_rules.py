"""What a recording session does about what people ask for and what happens, without devices, disks or clocks."""

from dataclasses import dataclass, replace
from enum import StrEnum

from teleop.session_state import Phase, Wish


class Fact(StrEnum):
    """What happens in a session by itself."""

    AT_START = "at start"  # the robot stands where an episode begins
    COUNTED = "counted"  # the countdown is over
    ENDED = "ended"  # the episode, in good order
    CUT = "cut"  # the episode, by a fault; what was recorded waits
    EMPTY = "empty"  # the episode is over and nothing was recorded
    DONE = "done"  # what was to become of the episode
    POOR = "poor"  # the episode was not kept for its quality
    LOST = "lost"  # the episode could not be written
    FULL = "full"  # as many episodes as wanted are kept
    STOPPED = "stopped"  # the robot, by whomever or whatever
    CLEARED = "cleared"  # the stop, and the robot is ready


KEEPING = frozenset({Wish.KEEP, Wish.SUCCESS, Wish.FAILURE, Wish.UNSURE})
DECISIONS = KEEPING | {Wish.DISCARD, Wish.REDO}
MOVING = frozenset({Phase.RESETTING, Phase.RECORDING})
"""The phases in which the robot may move."""


@dataclass(frozen=True, kw_only=True)
class Situation:
    """Where a session stands.

    Attributes:
        phase: for displays.
        asked: what ends the episode under way, and what becomes of it in `SAVING`.
        has_episode: whether an episode waits for a person's decision.
        is_refused: whether it was refused for its quality; asked once more, it is kept.
        is_leaving: whether the session ends as soon as nothing waits.
    """

    phase: Phase = Phase.READY
    asked: Wish | None = None
    has_episode: bool = False
    is_refused: bool = False
    is_leaving: bool = False

    @property
    def wishes(self) -> frozenset[Wish]:
        """What is accepted."""
        return frozenset(wish for wish in Wish if not isinstance(self.after_wish(wish), str))

    def after_wish(self, wish: Wish) -> "Situation | str":
        """The situation once a wish is accepted, or why it is not."""
        if wish not in _ACCEPTED[self.phase]:
            return self._refusal(wish)
        match self.phase, wish:
            case Phase.READY, Wish.START:
                return Situation(phase=Phase.RESETTING)
            case ((Phase.RESETTING | Phase.COUNTDOWN), (Wish.END | Wish.DISCARD)):
                return replace(self, asked=Wish.DISCARD)
            case Phase.RECORDING, _ if wish in DECISIONS or wish is Wish.END:
                if self.asked is not None:
                    return f"{wish}: the episode is already ending ({self.asked}); say it again in a moment"
                return replace(self, asked=wish)
            case Phase.REVIEW, _ if wish in DECISIONS:
                is_leaving = self.is_leaving and wish is not Wish.REDO
                return replace(self, phase=Phase.SAVING, asked=wish, is_leaving=is_leaving)
            case _, Wish.QUIT:
                return self._after_quit()
            case _:
                return self

    def after(self, fact: Fact) -> "Situation":
        """The situation after something happened.

        Raises:
            ValueError: it cannot happen in this phase.
        """
        match self.phase, fact:
            case Phase.RESETTING, Fact.AT_START:
                return replace(self, phase=Phase.COUNTDOWN)
            case Phase.COUNTDOWN, Fact.COUNTED:
                return replace(self, phase=Phase.RECORDING)
            case Phase.RECORDING, Fact.ENDED if self.asked in DECISIONS:
                return replace(self, phase=Phase.SAVING, has_episode=True)
            case Phase.RECORDING, (Fact.ENDED | Fact.CUT):
                return replace(self, phase=Phase.REVIEW, has_episode=True, asked=None)
            case ((Phase.RESETTING | Phase.COUNTDOWN | Phase.RECORDING), Fact.EMPTY):
                return self._free()
            case Phase.SAVING, Fact.DONE:
                return self._free()
            case Phase.SAVING, Fact.LOST:
                return replace(self, asked=None)._free()
            case Phase.SAVING, Fact.POOR:
                return replace(self, phase=Phase.REVIEW, asked=None, is_refused=True)
            case Phase.READY, Fact.FULL:
                return replace(self, phase=Phase.FINISHED)
            case ((Phase.READY | Phase.REVIEW | Phase.RESETTING), Fact.STOPPED):
                return replace(self, phase=Phase.STOPPED, asked=None)
            case Phase.STOPPED, Fact.CLEARED:
                return replace(self, phase=Phase.REVIEW if self.has_episode else Phase.READY)
            case _:
                raise ValueError(f"{fact!r} cannot happen in phase {self.phase!r}")

    def _free(self) -> "Situation":
        """No episode waits any more."""
        if self.asked is Wish.REDO and not self.is_leaving:
            return Situation(phase=Phase.RESETTING)
        return Situation(phase=Phase.FINISHED if self.is_leaving else Phase.READY)

    def _after_quit(self) -> "Situation":
        match self.phase:
            case Phase.RESETTING | Phase.COUNTDOWN:
                return replace(self, asked=Wish.DISCARD, is_leaving=True)
            case Phase.RECORDING:
                return replace(self, asked=self.asked or Wish.END, is_leaving=True)
            case Phase.SAVING:
                return replace(self, is_leaving=True)
            case _ if self.has_episode and not self.is_leaving:
                return replace(self, is_leaving=True)
            case _:
                return replace(self, phase=Phase.FINISHED)

    def _refusal(self, wish: Wish) -> str:
        special = _REFUSALS.get((self.phase, wish))
        if special is not None:
            return special
        may = ", ".join(each for each in Wish if each in _ACCEPTED[self.phase]) or "nothing any more"
        return f"{wish} does not fit now: {IN_WORDS[self.phase]}; what fits: {may}"


IN_WORDS = {
    Phase.READY: "the session waits for you to start an episode",
    Phase.RESETTING: "the robot goes to its start",
    Phase.COUNTDOWN: "recording is about to begin",
    Phase.RECORDING: "an episode is being recorded",
    Phase.REVIEW: "an episode waits for your decision",
    Phase.SAVING: "the episode is being saved",
    Phase.STOPPED: "the robot is stopped",
    Phase.FINISHED: "the session is over",
}

_ALWAYS = frozenset({Wish.NOTE, Wish.TASK, Wish.STOP, Wish.QUIT})
_ACCEPTED: dict[Phase, frozenset[Wish]] = {
    Phase.READY: _ALWAYS | {Wish.START},
    Phase.RESETTING: _ALWAYS | {Wish.END, Wish.DISCARD},
    Phase.COUNTDOWN: _ALWAYS | {Wish.END, Wish.DISCARD},
    Phase.RECORDING: _ALWAYS | DECISIONS | {Wish.END},
    Phase.REVIEW: _ALWAYS | DECISIONS,
    Phase.SAVING: frozenset({Wish.TASK, Wish.STOP, Wish.QUIT}),
    Phase.STOPPED: _ALWAYS | {Wish.CLEAR},
    Phase.FINISHED: frozenset(),
}
_REFUSALS: dict[tuple[Phase, Wish], str] = (
    {
        (
            Phase.REVIEW,
            Wish.START,
        ): "start: first say what becomes of this episode: keep, success, failure, redo, discard",
        (Phase.REVIEW, Wish.END): "end: the episode is over already; say what becomes of it",
        (Phase.RECORDING, Wish.START): "start: an episode is being recorded; end it first, or redo it",
        (Phase.STOPPED, Wish.START): "start: the robot is stopped; look at it, then clear the stop",
        (Phase.SAVING, Wish.NOTE): "note: the episode is being saved; say it again for the next one",
    }
    | {(Phase.READY, wish): f"{wish}: there is no episode; start one first" for wish in (*sorted(DECISIONS), Wish.END)}
    | {
        (Phase.STOPPED, wish): f"{wish}: the robot is stopped; clear the stop first, nothing is lost meanwhile"
        for wish in (*sorted(DECISIONS), Wish.END)
    }
    | {
        (phase, Wish.CLEAR): "clear: the robot is not stopped"
        for phase in Phase
        if phase not in {Phase.STOPPED, Phase.FINISHED}
    }
)
