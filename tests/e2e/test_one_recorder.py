"""Two commands and one folder: the second is refused at once, and changes nothing."""

import signal
import subprocess
from pathlib import Path

import pytest

from clam_robot.episodes import folders
from clam_robot.episodes.folder_lock import LOCK
from tests.e2e.conftest import TASK, clam
from tests.e2e.test_interruptions import count, start, wait_for

pytestmark = pytest.mark.e2e


def by_script(root: Path, script: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A scripted device, for which no episode begins."""
    script.write_text('{"seconds": 0.1}\n')
    options = ("--script", script, "--robot", TASK, "--accept-poor")
    return clam("record", "--device", "script", "--out", root, *options, *words)


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
