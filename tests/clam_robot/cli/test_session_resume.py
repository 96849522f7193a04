"""Going on after a break or a crash: what was kept is said, and what was not is offered."""

from pathlib import Path

import pytest

from clam_robot.cli.console import console
from clam_robot.cli.session_resume import resume
from clam_robot.errors import ConfigError
from teleop.session_setup import SessionSetup
from teleop.session_state import Wish
from tests.teleop.session_bench import SETUP, SessionBench

EPISODE = (Wish.START, *[None] * 12)


def lines_of(root: Path, setup: SessionSetup = SETUP, *, recovers: bool = False) -> str:
    with console.capture() as capture:
        resume(root, setup, recovers=recovers)
    return capture.get()


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert lines_of(tmp_path / "new") == ""
    assert not (tmp_path / "new").exists()


def test_what_was_kept_and_what_was_left_is_said_and_finished_where_that_is_wanted(tmp_path: Path) -> None:
    bench = SessionBench(tmp_path)
    bench.run(*EPISODE, Wish.SUCCESS, None, *EPISODE, Wish.FAILURE, None, *EPISODE)  # leaves without a decision
    said = lines_of(tmp_path)
    assert "holds 2 of 100 episodes" in said
    assert "1 success, 1 failure, 0 unsure" in said
    assert "1 episode never got a decision (.episode_000002.partial)" in said
    assert "--recover" in said

    (tmp_path / ".episode_000009.partial").mkdir()  # killed before anything was written
    said = lines_of(tmp_path, recovers=True)
    assert "recovered episode_000002" in said
    assert "nothing of .episode_000009.partial had reached the disk" in said
    assert "holds 3 of 100 episodes" in said
    assert "never got a decision" not in said


def test_another_mode_is_refused_and_another_task_is_told(tmp_path: Path) -> None:
    SessionBench(tmp_path).run(*EPISODE, Wish.SUCCESS)
    with pytest.raises(ConfigError, match="holds episodes of demonstration"):
        resume(tmp_path, SessionSetup(mode="play"), recovers=False)
    assert "the task is new to this folder: 'pour' now, before it 'reach'" in lines_of(
        tmp_path, SessionSetup(task="pour")
    )
    assert "as many episodes are there as wanted" in lines_of(tmp_path, SessionSetup(target=1))


def test_a_folder_another_program_records_into_is_named(tmp_path: Path) -> None:
    bench = SessionBench(tmp_path)
    said: list[str] = []
    bench.session.ask(Wish.START)
    original = bench.on_step

    def look_on(step: object) -> None:
        if not said:
            said.append(lines_of(tmp_path))

    bench.on_step = lambda step: (look_on(step), original(step))[1]
    bench.run(*[None] * 10, Wish.SUCCESS)
    assert "another program records into .episode_000000.partial" in said[0]
