"""`clam up` and `clam down` where nothing is started; the rest is tests/e2e/test_up_and_down.py."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clam_robot import config
from clam_robot.cli.main import main
from clam_robot.deployment.damaged_state import named_processes
from clam_robot.deployment.process_id import ProcessId
from clam_robot.deployment.state import Phase, ProgramState, State, read_state, write_state
from tests.programs import wait_for

PORTS = ("--master-port", "0", "--server-port", "0", "--page-port", "0", "--bench-port", "0")
GONE = ProcessId(pid=1, start=5, boot="before")
STARTS_ANOTHER = "import subprocess; print(subprocess.Popen(['sleep', '600']).pid, flush=True)"


def test_a_real_arm_is_started_by_containers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["up", "--folder", str(tmp_path)]) == 2
    assert "expected --sim" in capsys.readouterr().err


def test_without_ros_the_debian_packages_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["up", "--sim", "--folder", str(tmp_path / "up")]) == 2
    assert "sudo apt-get install python3-rosmaster" in capsys.readouterr().err
    assert not (tmp_path / "up").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "file"
    file.touch()
    assert main(["up", "--sim", "--folder", str(file), *PORTS]) == 2
    assert f"cannot write to {file}: File exists; choose another with --folder" in capsys.readouterr().err


def test_a_task_or_checkpoint_that_is_not_there_is_named_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["up", "--sim", "--folder", str(tmp_path / "up"), "--task", "reach-blok", *PORTS]) == 2
    assert "reach-block" in capsys.readouterr().err
    absent = tmp_path / "absent"
    assert main(["up", "--sim", "--folder", str(tmp_path / "up"), "--checkpoint", str(absent), *PORTS]) == 2
    assert str(absent) in capsys.readouterr().err.replace("\n", "")
    assert not (tmp_path / "up").exists()


def test_with_nothing_up_there_is_nothing_to_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["down", "--folder", str(tmp_path)]) == 0
    assert "nothing is up" in capsys.readouterr().out


def test_what_a_machine_that_was_switched_off_left_is_forgotten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_state(tmp_path, of_loop(GONE))
    with socket.create_server(("127.0.0.1", 0)) as taken:  # the next thing that is looked at
        port = str(taken.getsockname()[1])
        assert main(["up", "--sim", "--folder", str(tmp_path), *PORTS[:-1], port]) == 2
    assert f"taken: {port} (--bench-port)" in capsys.readouterr().err
    assert main(["down", "--folder", str(tmp_path)]) == 0
    assert "ended 0 processes" in capsys.readouterr().out
    assert read_state(tmp_path) is None


def test_what_runs_is_not_started_again_and_its_page_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    me = ProcessId.of(os.getpid())
    (tmp_path / "page.key").write_text("secret")
    write_state(tmp_path, State(keeper=me, programs=of_loop(me).programs))
    assert main(["up", "--sim", "--folder", str(tmp_path), *PORTS]) == 2
    told = capsys.readouterr().err
    assert f"up in {tmp_path} already, with its page at http://127.0.0.1:8080/?key=secret; end it with" in told
    write_state(tmp_path, of_loop(me))
    assert main(["up", "--sim", "--folder", str(tmp_path), *PORTS]) == 2
    assert f"lost its keeper; left of it: loop; end it with: clam down --folder {tmp_path}" in capsys.readouterr().err


@pytest.mark.parametrize("timeout", ["0", "-5", "nan"])
def test_a_timeout_is_a_time(timeout: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["up", "--sim", "--folder", str(tmp_path / "up"), "--timeout", timeout, *PORTS]) == 2
    assert "--timeout: expected a number of seconds above 0" in capsys.readouterr().err
    assert not (tmp_path / "up").exists()


@pytest.fixture
def leaderless() -> Iterator[tuple[ProcessId, ProcessId]]:
    """A process that has ended, and one that it started, which has not."""
    words = [sys.executable, "-c", STARTS_ANOTHER]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, start_new_session=True) as leader:
        group = ProcessId.of(leader.pid)
        assert leader.stdout is not None
        left = ProcessId.of(int(leader.stdout.readline()))
        assert leader.wait(60.0) == 0
        yield group, left
        if left.is_alive():
            os.kill(left.pid, signal.SIGKILL)


def of_loop(process: ProcessId) -> State:
    """What a keeper wrote that was killed."""
    loop = ProgramState(phase=Phase.READY, address="http://127.0.0.1:8080/", process=process, num_starts=1)
    return State(keeper=GONE, programs={"loop": loop})


def test_what_a_program_started_ends_though_program_and_keeper_are_dead(
    tmp_path: Path, leaderless: tuple[ProcessId, ProcessId], capsys: pytest.CaptureFixture[str]
) -> None:
    group, left = leaderless
    write_state(tmp_path, of_loop(group))
    assert left.is_alive()
    assert main(["down", "--folder", str(tmp_path)]) == 0
    assert "ended 1 process, 0 by force" in capsys.readouterr().out
    assert not left.is_alive()


@pytest.mark.parametrize("verb", [["up", "--sim"], ["down"]], ids=["up", "down"])
def test_a_damaged_file_is_told_with_what_it_still_names_and_how_to_end_that(
    verb: list[str], tmp_path: Path, leaderless: tuple[ProcessId, ProcessId], capsys: pytest.CaptureFixture[str]
) -> None:
    group, left = leaderless
    write_state(tmp_path, of_loop(group))
    state = tmp_path / "state.json"
    state.write_text(state.read_text()[:-20])
    assert main([*verb, "--folder", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    mend = f"kill -- -{group.pid}, then: rm {state}"
    assert "state.json is not valid JSON" in told and "Traceback" not in told
    assert f"these are left: loop {group.pid}; end them with: {mend}\n" in told
    assert left.is_alive()
    subprocess.run(["bash", "-c", mend.replace(", then: ", "; ")], check=True)
    wait_for(lambda: not left.is_alive(), "the end of what was left")
    assert main(["down", "--folder", str(tmp_path)]) == 0
    assert "nothing is up" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda text: "", "it names no process; see whether any is left with: pgrep -af 'clam_robot|rosmaster'"),
        (lambda text: text.replace("keeper", "kepper"), "'keeper' is missing"),
        (lambda text: text.replace('"pid": 1,', '"pid": -1,'), "number of a process"),
        (lambda text: text[:-20], "none of the processes it names is left (keeper, loop)"),
        (lambda text: "\x00" * len(text), "is not valid JSON"),
    ],
)
def test_whatever_the_damage_is_it_is_one_line_with_a_way_out(
    damage: Callable[[str], str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_state(tmp_path, of_loop(ProcessId(pid=2**22 + 1, start=7, boot="before")))
    state = tmp_path / "state.json"
    state.write_text(damage(state.read_text()))
    assert main(["down", "--folder", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert told in said and said.count("\n") == 1 and f"rm {state}" in said


WHOLE = json.dumps(config.to_dict(of_loop(GONE)), indent=1)


@given(st.integers(min_value=0, max_value=len(WHOLE)), st.text())
def test_wherever_it_breaks_off_what_is_whole_is_found(cut: int, rest: str) -> None:
    found = named_processes(WHOLE[:cut])
    assert set(found.values()) <= {GONE} and (cut < len(WHOLE) or list(found) == ["keeper", "loop"])
    named_processes(WHOLE[:cut] + rest)


@pytest.mark.parametrize("words", [["--robot", "metaworld:reach"], []])
def test_waiting_for_a_person_is_for_the_arm(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--server", "ws://127.0.0.1:9", "--wait-for-person", *words]) == 2
    assert "--wait-for-person: expected --robot widowx" in " ".join(capsys.readouterr().err.split())
