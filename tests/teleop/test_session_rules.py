"""The table of a session, under every order of wishes and facts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleop.session_rules import DECISIONS, IN_WORDS, KEEPING, MOVING, Fact, Situation
from teleop.session_state import Phase, Wish

HAPPENINGS = st.lists(st.one_of(st.sampled_from(list(Wish)), st.sampled_from(list(Fact))), max_size=60)


def after(situation: Situation, *happenings: Wish | Fact) -> Situation:
    for each in happenings:
        answer = situation.after(each) if isinstance(each, Fact) else situation.after_wish(each)
        assert isinstance(answer, Situation), answer
        situation = answer
    return situation


RECORDING = after(Situation(), Wish.START, Fact.AT_START, Fact.COUNTED)
REVIEW = after(RECORDING, Wish.END, Fact.ENDED)


@given(HAPPENINGS)
def test_whatever_is_asked_and_happens_an_episode_that_waits_goes_only_by_a_decision(
    happenings: list[Wish | Fact],
) -> None:
    situation = Situation()
    for each in happenings:
        before = situation
        if isinstance(each, Fact):
            try:
                situation = before.after(each)
            except ValueError:
                continue
        else:
            answer = before.after_wish(each)
            if isinstance(answer, str):
                assert answer.startswith(each)
                assert len(answer) > len(each) + 10  # it explains
                assert each not in before.wishes
                continue
            assert each in before.wishes
            situation = answer
        if before.has_episode and not situation.has_episode:
            assert (before.phase, each) in {(Phase.SAVING, Fact.DONE), (Phase.SAVING, Fact.LOST)}
            assert before.asked in DECISIONS
        if situation.phase is Phase.SAVING:
            assert situation.has_episode
        if before.phase not in MOVING and situation.phase in MOVING:
            assert (before.phase, each, situation.phase) in {
                (Phase.READY, Wish.START, Phase.RESETTING),
                (Phase.SAVING, Fact.DONE, Phase.RESETTING),
                (Phase.COUNTDOWN, Fact.COUNTED, Phase.RECORDING),
            }


@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize("wish", list(Wish))
def test_every_wish_in_every_phase_is_accepted_or_refused_with_a_reason(phase: Phase, wish: Wish) -> None:
    situation = Situation(phase=phase, has_episode=phase in {Phase.REVIEW, Phase.SAVING})
    answer = situation.after_wish(wish)
    assert phase in IN_WORDS
    if isinstance(answer, str):
        assert answer.startswith(f"{wish}")
    else:
        assert not (phase is Phase.STOPPED and answer.phase in MOVING)
    assert (wish in {Wish.STOP, Wish.QUIT}) <= (phase is Phase.FINISHED or not isinstance(answer, str))


@pytest.mark.parametrize("wish", sorted(KEEPING))
def test_an_episode_is_saved_by_every_word_that_keeps_while_it_is_recorded_and_afterwards(wish: Wish) -> None:
    for situation in (after(RECORDING, wish, Fact.ENDED), after(REVIEW, wish)):
        assert (situation.phase, situation.asked) == (Phase.SAVING, wish)
        assert after(situation, Fact.DONE) == Situation()


def test_redo_begins_again_and_discard_does_not() -> None:
    assert after(RECORDING, Wish.REDO, Fact.ENDED, Fact.DONE) == Situation(phase=Phase.RESETTING)
    assert after(REVIEW, Wish.DISCARD, Fact.DONE) == Situation()


def test_a_poor_episode_waits_until_it_is_asked_for_once_more() -> None:
    poor = after(REVIEW, Wish.SUCCESS, Fact.POOR)
    assert (poor.phase, poor.is_refused, poor.has_episode) == (Phase.REVIEW, True, True)
    assert after(poor, Wish.SUCCESS).is_refused
    assert after(poor, Wish.SUCCESS, Fact.DONE) == Situation()


def test_only_one_word_ends_an_episode() -> None:
    answer = after(RECORDING, Wish.SUCCESS).after_wish(Wish.DISCARD)
    assert isinstance(answer, str)
    assert "already ending (success)" in answer


def test_a_fault_leaves_what_was_recorded_for_a_decision_whatever_was_asked() -> None:
    cut = after(RECORDING, Wish.DISCARD, Fact.CUT, Fact.STOPPED)
    assert (cut.phase, cut.asked, cut.has_episode) == (Phase.STOPPED, None, True)
    assert after(cut, Fact.CLEARED).phase is Phase.REVIEW
    assert after(Situation(), Fact.STOPPED, Fact.CLEARED) == Situation()


def test_quitting_waits_for_a_decision_once_and_leaves_at_the_second_time() -> None:
    leaving = after(RECORDING, Wish.QUIT, Fact.ENDED)
    assert (leaving.phase, leaving.is_leaving) == (Phase.REVIEW, True)
    assert after(leaving, Wish.KEEP, Fact.DONE).phase is Phase.FINISHED
    assert after(leaving, Wish.QUIT).phase is Phase.FINISHED
    assert after(REVIEW, Wish.QUIT).phase is Phase.REVIEW
    assert after(Situation(), Wish.QUIT).phase is Phase.FINISHED
    assert after(leaving, Wish.REDO, Fact.DONE).phase is Phase.RESETTING


@pytest.mark.parametrize("wish", [Wish.DISCARD, Wish.END, Wish.QUIT])
def test_a_countdown_is_called_off(wish: Wish) -> None:
    counting = after(Situation(), Wish.START, Fact.AT_START, wish)
    assert counting.phase is Phase.COUNTDOWN
    assert counting.asked is not None
    assert after(counting, Fact.EMPTY).phase is (Phase.FINISHED if wish is Wish.QUIT else Phase.READY)
