"""Two commands and one folder: the second is refused at once, and changes nothing."""

import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest

from clam_robot.episodes import folders
from clam_robot.episodes.folder_lock import LOCK
from clam_robot.testing.fakes import FakePolicy
from clam_robot.timing import ManualClock
from policy_server.app import create_app
from sim.registry import make_robot
from teleop.page_server import PageServer
from tests.e2e.conftest import TASK, clam
from tests.e2e.test_interruptions import count, start, wait_for

pytestmark = pytest.mark.e2e


def by_script(root: Path, script: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A scripted device, for which no episode begins."""
    script.write_text('{"seconds": 0.1}\n')
    options = ("--script", script, "--robot", TASK, "--accept-poor")
    return clam("record", "--device", "script", "--out", root, *options, *words)


def refuse_all_others(root: Path, first: subprocess.Popen[str], program: str, script: Path) -> None:
    """Every other program is refused the folder that the first one records into, which goes on until Ctrl-C."""
    wait_for(lambda: root.is_dir() and bool(folders.partial_episodes(root)), first)
    there = folders.finished_episodes(root)
    for second in (
        clam("record", "--robot", TASK, "--out", root, "--episodes", 5),
        by_script(root, script),
        clam("repair", root),
    ):
        assert second.returncode == 2, second.stdout
        assert f"in use by {program} (process {first.pid} on " in second.stderr
        assert not second.stdout
    assert first.poll() is None
    assert not (root / "set_aside").exists()
    assert set(there) <= set(folders.finished_episodes(root))
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=60.0)
    assert not (root / LOCK).exists()


def test_nobody_else_gets_the_folder_that_rollouts_are_recorded_into(tmp_path: Path) -> None:
    spec = make_robot(TASK, ManualClock()).spec
    app = create_app(lambda: FakePolicy(spec, lambda _: np.zeros(4), horizon=10))
    with PageServer(app, ("127.0.0.1", 0)) as server:
        words = ("--server", server.url.replace("http", "ws", 1), "--robot", TASK, "--real-time")
        first = start("run", *words, "--episodes", 10_000, "--record", tmp_path / "rollouts")
        refuse_all_others(tmp_path / "rollouts", first, "clam run --record", tmp_path / "script.jsonl")


def test_nobody_else_gets_the_folder_that_a_replay_is_recorded_into(tmp_path: Path) -> None:
    recorded = clam("record", "--robot", TASK, "--out", tmp_path / "play", "--keep-all", "--episodes", 1)
    assert recorded.returncode == 0, recorded.stderr
    words = ("--real-time", "--speed", 0.001, "--record", tmp_path / "again")
    first = start("replay", tmp_path / "play", *words)
    refuse_all_others(tmp_path / "again", first, "clam replay --record", tmp_path / "script.jsonl")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_second_recorder_is_refused_and_the_first_goes_on(tmp_path: Path, workers: int) -> None:
    root = tmp_path / "play"
    words = ("record", "--robot", TASK, "--out", root, "--keep-all", "--workers", workers, "--episodes")
    first = start(*words, 10_000)
    wait_for(lambda: count(root) >= 2, first)
    holder = f"in use by clam record --robot {TASK} (process {first.pid} on "
    for second in (
        clam(*words, 5),
        by_script(root, tmp_path / "script.jsonl"),
        by_script(root, tmp_path / "script.jsonl", "--recover"),
        clam("repair", root),
    ):
        assert second.returncode == 2, second.stdout
        assert holder in second.stderr
        assert not second.stdout
    before = count(root)
    wait_for(lambda: count(root) > before, first)
    assert not (root / "set_aside").exists()
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=60.0)
    assert not (root / LOCK).exists()
    assert clam(*words, count(root) + 1).returncode == 0


def test_a_killed_recorder_does_not_keep_the_folder(tmp_path: Path) -> None:
    root = tmp_path / "play"
    words = ("record", "--robot", TASK, "--out", root, "--keep-all", "--episodes")
    first = start(*words, 10_000)
    wait_for(lambda: bool(count(root) and folders.partial_episodes(root)), first)
    first.kill()
    first.communicate(timeout=60.0)
    assert (root / LOCK).exists()
    again = by_script(root, tmp_path / "script.jsonl")
    assert again.returncode == 0, again.stderr
    assert clam("repair", root).returncode == 0
    assert not (root / LOCK).exists()
