import socket
import subprocess
import sys
from pathlib import Path

import pytest

from clam_robot.cli.main import main


def test_unknown_task_is_named_with_the_closest_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["twin", "--task", "blok"]) == 2
    assert "did you mean block" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("speed", ["0", "1000", "nan"])
def test_impossible_speed_is_refused(speed: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["twin", "--speed", speed])
    assert "speed must be above 0 and at most 100" in " ".join(capsys.readouterr().err.split())


def test_a_control_port_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["twin", "--control-port", "65536"])
    assert "control_port must be from 0 to 65535, found 65536" in " ".join(capsys.readouterr().err.split())


def test_taken_control_port_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    link = tmp_path / "ttyDXL"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        assert main(["twin", "--link", str(link), "--control-port", str(number)]) == 2
    error = " ".join(capsys.readouterr().err.split())
    assert str(number) in error
    assert "--control-port" in error
    assert not link.is_symlink()


def test_file_cannot_say_when_to_end(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "clam_robot.cli.main",
        "twin",
        "--ends-with-stdin",
        "--link",
        str(tmp_path / "tty"),
    ]
    found = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    assert found.returncode == 2
    assert "needs a pipe" in " ".join(found.stderr.split())
    assert not (tmp_path / "tty").is_symlink()
