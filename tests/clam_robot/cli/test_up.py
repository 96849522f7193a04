"""`clam up` and `clam down` where nothing is started; the rest is tests/e2e/test_up_and_down.py."""

from pathlib import Path

import pytest

from clam_robot.cli.main import main
from clam_robot.deployment.process_id import ProcessId
from clam_robot.deployment.state import State, read_state, write_state

PORTS = ("--master-port", "0", "--server-port", "0", "--page-port", "0", "--bench-port", "0")


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
    write_state(tmp_path, State(keeper=ProcessId(pid=1, start=-5)))
    assert main(["up", "--sim", "--folder", str(tmp_path)]) == 2
    assert "clam down" in capsys.readouterr().err
    assert main(["down", "--folder", str(tmp_path)]) == 0
    assert "ended 0 processes" in capsys.readouterr().out
    assert read_state(tmp_path) is None


@pytest.mark.parametrize("words", [["--robot", "metaworld:reach"], []])
def test_waiting_for_a_person_is_for_the_arm(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--server", "ws://127.0.0.1:9", "--wait-for-person", *words]) == 2
    assert "--wait-for-person: expected --robot widowx" in " ".join(capsys.readouterr().err.split())
