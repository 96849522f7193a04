"""One program at a time, with programs that are really others."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from clam_robot.cli.main import main
from clam_robot.episodes.folder_lock import LOCK, folder_lock, require_free
from clam_robot.errors import FolderInUse

HOLD = """
import sys
from pathlib import Path
from clam_robot.episodes.folder_lock import folder_lock
with folder_lock(Path(sys.argv[1]), "clam record --device keyboard"):
    print("held", flush=True)
    sys.stdin.readline()
"""

# Takes the folder again and again; what two of them did at a time is found by the file that only one may make.
TAKE_TURNS = """
import os, sys
from pathlib import Path
from clam_robot.episodes.folder_lock import folder_lock
from clam_robot.errors import FolderInUse
root, turns = Path(sys.argv[1]), 0
sys.stdin.readline()
while turns < 300:
    try:
        with folder_lock(root, "clam record"):
            os.close(os.open(root / "mine", os.O_CREAT | os.O_EXCL))
            (root / "mine").unlink()
            turns += 1
    except FolderInUse:
        pass
"""


@contextmanager
def holding(root: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another program that has the folder."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def test_a_second_program_is_told_who_has_the_folder(tmp_path: Path) -> None:
    root = tmp_path / "play"
    with holding(root) as other:
        with pytest.raises(FolderInUse) as refused, folder_lock(root, "clam repair"):
            pytest.fail("had it, too")
        said = str(refused.value)
        assert said.startswith(f"{root} is in use by clam record --device keyboard")
        assert f"process {other.pid} on {socket.gethostname()}, since 2" in said
        assert "or give another folder" in said
        with pytest.raises(FolderInUse, match=str(other.pid)):
            require_free(root)
        other.communicate("done\n", timeout=60.0)
    require_free(root)
    assert not root.exists()  # nothing was recorded


def test_what_a_killed_program_left_is_in_nobodys_way(tmp_path: Path) -> None:
    with holding(tmp_path) as other:
        other.kill()
        other.wait(60.0)
    assert (tmp_path / LOCK).exists()
    require_free(tmp_path)
    with (
        folder_lock(tmp_path, "clam repair"),
        pytest.raises(FolderInUse, match=rf"clam repair \(process {os.getpid()}"),
    ):
        require_free(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_holder_that_could_not_sign_is_refused_all_the_same(tmp_path: Path) -> None:
    with holding(tmp_path):
        (tmp_path / LOCK).write_text("{")
        with pytest.raises(FolderInUse, match="in use by another program"), folder_lock(tmp_path, "clam repair"):
            pytest.fail("had it, too")


def test_never_two_at_a_time_though_file_and_folder_come_and_go(tmp_path: Path) -> None:
    root = tmp_path / "play"
    arguments = [sys.executable, "-c", TAKE_TURNS, str(root)]
    processes = [
        subprocess.Popen(arguments, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    ends = [process.communicate(timeout=120.0) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], ends
    assert not root.exists() or not list(root.iterdir())


@pytest.mark.parametrize("words", [(), ("--dry-run",)])
@pytest.mark.parametrize("name", ["", ".episode_000000.partial"])
def test_repair_leaves_a_folder_alone_that_is_recorded_into(
    tmp_path: Path, name: str, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".episode_000000.partial").mkdir()  # claimed this moment; looks like what a crash left
    with holding(tmp_path) as other:
        assert main(["repair", str(tmp_path / name), *words]) == 2
    assert re.search(rf"in use by clam record --device keyboard \(process {other.pid} ", capsys.readouterr().err)
    assert (tmp_path / ".episode_000000.partial").is_dir()
    assert main(["repair", str(tmp_path / name), *words]) == 0
