"""A session from end to end, without real time: nothing that was kept is lost and nothing moves that must not."""

import dataclasses
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clam_robot.episodes import EpisodeDataset, attributes, folders
from clam_robot.episodes.episode_files import EpisodeFiles
from clam_robot.episodes.records import Record
from clam_robot.episodes.repair import repair
from clam_robot.errors import ArmStopped, ServoSilent
from clam_robot.types import EpisodeOutcome, Step
from teleop.episode_quality import QualityLimits
from teleop.session_state import Phase, SessionControl, Wish
from tests.programs import wait_for
from tests.teleop.session_bench import SETUP, SessionBench, Word

PAUSE: list[Word] = [None] * 12  # longer than the countdown
EPISODE: list[Word] = [Wish.START, *PAUSE]
TEXTS = st.text(max_size=20)
WORDS = st.one_of(
    st.none(),
    st.sampled_from([wish for wish in Wish if wish is not Wish.QUIT]),
    st.sampled_from([Wish.START, Wish.SUCCESS]),
    st.tuples(st.sampled_from([Wish.NOTE, Wish.TASK]), TEXTS),
)


@settings(max_examples=40)
@given(st.lists(WORDS, max_size=80))
def test_no_order_of_words_loses_what_was_kept_or_moves_the_robot_unasked(words: list[Word]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        bench = SessionBench(Path(folder) / "data")
        bench.run(*words)
        state = bench.session.state()
        assert state.phase is Phase.FINISHED
        for earlier, later in zip(bench.finished, [*bench.finished[1:], bench.names], strict=True):
            assert earlier <= later
        assert state.num_kept == len(bench.names) == state.num_success + state.num_failure + state.num_unsure
        assert sum(line.startswith("kept") for line in bench.told) == state.num_kept
        for _, refusal in bench.answers:
            assert refusal == "" or len(refusal) > 15
        left = folders.partial_episodes(bench.root) if bench.root.is_dir() else []
        assert len(left) <= 1  # one that nobody decided on
        for name in left:
            repair(bench.root / name)


def test_an_episode_is_kept_with_what_the_person_said_of_it(tmp_path: Path) -> None:
    bench = SessionBench(tmp_path)
    bench.run(
        *EPISODE, (Wish.NOTE, "slipped\x1b[2J \n once"), Wish.FAILURE, None, (Wish.TASK, "pour"), *EPISODE, Wish.KEEP
    )
    first, second = (attributes.read(tmp_path / name) for name in folders.finished_episodes(tmp_path))
    assert (first.verdict, first.success, first.notes) == ("failure", False, "slipped [2J once")
    assert (first.operator, first.mode, first.task, first.source) == ("ada", "demonstration", "reach", "teleop")
    assert (second.verdict, second.success, second.notes, second.task) == ("", True, "", "pour")  # as the robot judges
    assert bench.seeds == [0, 1]
    assert isinstance(bench.session, SessionControl)


def test_redo_throws_away_and_begins_the_same_scene_again(tmp_path: Path) -> None:
    bench = SessionBench(tmp_path)
    bench.run(*EPISODE, Wish.REDO, *PAUSE, Wish.SUCCESS, None, *EPISODE, Wish.DISCARD, None, *EPISODE, Wish.UNSURE)
    state = bench.session.state()
    assert (state.num_kept, state.num_success, state.num_unsure, state.num_discarded) == (2, 1, 1, 2)
    assert bench.seeds == [0, 0, 1, 2]


def test_a_poor_episode_is_refused_with_its_figures_and_kept_when_the_person_insists(tmp_path: Path) -> None:
    setup = dataclasses.replace(SETUP, quality=QualityLimits(min_steps=1000))
    bench = SessionBench(tmp_path, setup)
    bench.run(*EPISODE, Wish.SUCCESS, None, None)
    (refusal,) = (line for line in bench.told if line.startswith("not kept"))
    assert "control periods, at least 1000 are needed" in refusal
    assert bench.names == set()
    (waiting,) = folders.partial_episodes(tmp_path)
    repair(tmp_path / waiting)

    bench = SessionBench(tmp_path, setup)
    bench.run(*EPISODE, Wish.SUCCESS, None, None, Wish.SUCCESS)
    assert bench.session.state().num_kept == 2

    bench = SessionBench(tmp_path, dataclasses.replace(setup, accept_poor=True))
    bench.run(*EPISODE, Wish.SUCCESS)
    assert bench.session.state().num_kept == 3


def test_a_note_on_an_episode_that_nobody_decided_on_is_not_lost(tmp_path: Path) -> None:
    bench = SessionBench(tmp_path)
    bench.run(*EPISODE, (Wish.NOTE, "slipped"), Wish.END, None, (Wish.NOTE, "once"), None, Wish.QUIT, Wish.QUIT)
    (name,) = folders.partial_episodes(tmp_path)
    assert attributes.read(tmp_path / name).notes == "slipped\nonce"


def test_a_stop_in_the_middle_keeps_what_was_recorded_for_a_decision(tmp_path: Path) -> None:
    bench = SessionBench(tmp_path)
    bench.run(*EPISODE, Wish.STOP, None, None, Wish.SUCCESS, Wish.START, Wish.CLEAR, None, None, Wish.SUCCESS)
    assert len(EpisodeDataset(tmp_path)) == 1
    assert any("clear the stop first, nothing is lost" in refusal for refusal in bench.refusals())
    assert any("look at it, then clear" in refusal for refusal in bench.refusals())


def test_a_stop_that_is_cleared_before_the_session_looks_is_not_set_again(tmp_path: Path) -> None:
    bench = SessionBench(tmp_path)
    bench.robot.fault = ArmStopped("the arm was stopped on the way")  # by whoever has cleared it since
    bench.run(*EPISODE, None, None, *EPISODE, Wish.SUCCESS)
    assert bench.latch.num_stops == 0
    assert "the stop is cleared; nothing was lost" in bench.told
    assert bench.session.state().num_kept == 1


def test_who_quits_while_the_robot_is_stopped_is_told_to_clear_it_first(tmp_path: Path) -> None:
    bench = SessionBench(tmp_path)
    said: list[tuple[str, str]] = []
    ask = bench.session.ask

    def note(wish: Wish, text: str = "") -> str:
        refusal = ask(wish, text)
        state = bench.session.state()
        said.append((state.stop_reason, state.message))
        return refusal

    bench.session.ask = note
    bench.run(*EPISODE, Wish.STOP, None, None, Wish.QUIT, Wish.CLEAR, None, None, Wish.SUCCESS)
    reason, message = said[-3]
    assert reason == "asked for in the recording session"
    assert "clear the stop (c), then decide" in message
    assert len(EpisodeDataset(tmp_path)) == 1


def test_late_periods_are_shown_as_the_episode_is_judged_by_them(tmp_path: Path) -> None:
    class SlowBench(SessionBench):
        outcome: EpisodeOutcome

        def on_step(self, step: Step) -> None:
            self.clock.advance(0.12)  # more than the period of 0.1 s, less than any gap that is seen from outside
            super().on_step(step)

        def on_episode_end(self, outcome: EpisodeOutcome) -> None:
            self.outcome = outcome

    bench = SlowBench(tmp_path)
    bench.run(*EPISODE, Wish.SUCCESS)
    (late,) = (each for each in bench.session.state().gauges if each.name == "late periods")
    assert bench.outcome.num_overruns >= bench.outcome.num_steps - 1 > 0
    assert late.value == 100.0 * bench.outcome.num_overruns / bench.outcome.num_steps
    assert late.is_alarming


def test_a_fault_of_the_robot_stops_the_session_and_says_why(tmp_path: Path) -> None:
    bench = SessionBench(tmp_path)
    reasons: list[str] = []
    bench.robot.fault = ServoSilent("servo 3 does not answer")
    bench.run(Wish.START, *PAUSE)
    assert bench.names == set()

    bench = SessionBench(tmp_path)
    ask = bench.session.ask

    def note_reason(wish: Wish, text: str = "") -> str:
        reasons.append(bench.session.state().stop_reason)
        return ask(wish, text)

    bench.robot.fault = ServoSilent("servo 3 does not answer")
    bench.session.ask = note_reason
    bench.run(Wish.START, *PAUSE, Wish.CLEAR, None, None, *EPISODE, Wish.SUCCESS)
    assert any("servo 3 does not answer" in reason for reason in reasons)
    assert bench.session.state().num_kept == 1


def test_a_disk_that_fails_ends_the_episode_so_that_nobody_drives_for_nothing(tmp_path: Path) -> None:
    class FullDisk(EpisodeFiles):
        def append(self, records: Sequence[Record]) -> None:
            raise OSError(28, "No space left on device")

    class FullBench(SessionBench):
        num_steps = 0

        def on_step(self, step: Step) -> None:
            self.num_steps += 1
            wait_for(lambda: self.recorder.health().failure is not None, "the disk's answer")
            super().on_step(step)

    bench = FullBench(tmp_path, files=FullDisk)
    bench.run(*EPISODE, *PAUSE)
    assert bench.num_steps <= 2  # the one that found out, and what the robot saw last
    assert any("No space left on device; make room there" in line for line in bench.told)
    assert bench.recorder.num_left == 1


def test_the_session_ends_by_itself_when_as_many_are_kept_as_wanted(tmp_path: Path) -> None:
    setup = dataclasses.replace(SETUP, target=2)
    SessionBench(tmp_path, setup).run(*EPISODE, Wish.SUCCESS)
    bench = SessionBench(tmp_path, setup)
    assert bench.session.state().num_kept == 1
    bench.run(*EPISODE, Wish.SUCCESS, *[None] * 100, Wish.START)
    assert bench.session.state().num_kept == 2
    assert bench.seeds == [1]  # a new scene
    again = SessionBench(tmp_path, setup)
    again.run()
    assert again.answers == []


def test_nothing_begins_while_something_holds_it_off(tmp_path: Path) -> None:
    bench = SessionBench(tmp_path)
    bench.blocked = "finish the note first"
    bench.run(Wish.START, None)
    assert bench.seeds == []
    assert "finish the note first" in bench.refusals()


def test_an_episode_ends_by_itself_and_waits(tmp_path: Path) -> None:
    bench = SessionBench(tmp_path, dataclasses.replace(SETUP, max_seconds=1.0))
    bench.run(Wish.START, *[None] * 30, Wish.SUCCESS)
    (episode,) = EpisodeDataset(tmp_path)
    assert (episode.length, episode.attributes.end) == (11, "horizon")


@pytest.mark.parametrize("text", ["", "  ", "\x00\n"])
def test_an_empty_text_is_refused(tmp_path: Path, text: str) -> None:
    bench = SessionBench(tmp_path)
    assert "expected a text" in bench.session.ask(Wish.NOTE, text)
    assert bench.session.ask(Wish.TASK, text)
    assert bench.session.state().task == "reach"


@pytest.mark.parametrize("word", [Wish.DISCARD, Wish.STOP, Wish.QUIT])
def test_a_countdown_is_called_off_at_once_and_nothing_is_recorded(tmp_path: Path, word: Wish) -> None:
    bench = SessionBench(tmp_path, dataclasses.replace(SETUP, countdown=50.0))
    bench.run(Wish.START, None, word, None)
    assert bench.clock.now() < 2.0
    assert "called off before anything was recorded" in bench.told
    assert bench.robot.sent == []
    assert not list(tmp_path.glob("*episode*"))
