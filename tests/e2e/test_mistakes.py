"""What a person gets wrong, and what breaks: one clear line that names it and the remedy, and nothing lost."""

import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from clam_robot.cli.main import main
from clam_robot.demo.config import DemoConfig
from clam_robot.demo.pipeline import Demo
from clam_robot.episodes.dataset import EpisodeDataset
from tests.e2e.conftest import TASK, Made

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("made")]  # made once, by one worker

EXIT_ERROR = 2


ErrorOf = Callable[..., str]


@pytest.fixture
def error_of(capsys: pytest.CaptureFixture[str]) -> ErrorOf:
    """Runs a command that fails; gives the one line it prints."""

    def run(*words: object) -> str:
        capsys.readouterr()
        assert main([str(word) for word in words]) == EXIT_ERROR
        lines = capsys.readouterr().err.strip().splitlines()
        assert len(lines) == 1, lines
        assert lines[0].startswith("error: ")
        return lines[0]

    return run


def test_training_without_a_labelled_episode(made: Made, tmp_path: Path, error_of: ErrorOf) -> None:
    video = str(tmp_path / "video")
    assert main(["record", "--robot", TASK, "--out", video, "--episodes", "2", "--no-is-labeled", "--keep-all"]) == 0
    error = error_of(
        *("train", "--play", tmp_path / "video", "--demonstrations", made.demonstrations, "--out", tmp_path / "run")
    )
    assert "labelled" in error
    assert str(tmp_path / "video") in error
    assert "clam record" in error
    assert len(EpisodeDataset(tmp_path / "video")) == 2


def test_checkpoint_on_a_robot_with_another_spec(made: Made, error_of: ErrorOf) -> None:
    error = error_of("run", "--checkpoint", made.checkpoint, "--robot", "dmcontrol:cheetah-run", "--episodes", 1)
    assert "metaworld:reach" in error
    assert "dmcontrol:cheetah-run" in error
    assert "state" in error


def test_corrupt_chunk(made: Made, tmp_path: Path, error_of: ErrorOf) -> None:
    play = tmp_path / "play"
    shutil.copytree(made.play, play)
    broken = play / "episode_000003"
    chunk = max(
        (file for file in (broken / "state").rglob("*") if file.is_file()), key=lambda file: file.stat().st_size
    )
    content = bytearray(chunk.read_bytes())
    content[len(content) // 2 :] = bytes(len(content) - len(content) // 2)
    chunk.write_bytes(content)
    error = error_of(
        *("train", "--play", play, "--demonstrations", made.demonstrations, "--num-labeled", 10),
        *("--out", tmp_path / "run"),
    )
    assert "episode_000003" in error
    assert "state" in error


def test_busy_port(made: Made, error_of: ErrorOf) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        error = error_of("serve", "--checkpoint", made.checkpoint, "--port", port)
    assert str(port) in error
    assert "--port" in error


def test_missing_camera(tmp_path: Path, error_of: ErrorOf) -> None:
    error = error_of("record", "--robot", TASK, "--out", tmp_path / "play", "--episodes", 1, "--cameras", "wrist")
    assert "wrist" in error
    assert "corner2" in error


def test_unknown_robot_names_the_nearest(tmp_path: Path, error_of: ErrorOf) -> None:
    assert "did you mean assembly" in error_of("record", "--robot", "metaworld:asembly", "--out", tmp_path / "play")


def test_no_checkpoint(tmp_path: Path, error_of: ErrorOf) -> None:
    assert "clam train" in error_of("serve", "--checkpoint", tmp_path / "nothing", "--port", 0)


def test_no_server(error_of: ErrorOf) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    error = error_of("run", "--server", f"ws://127.0.0.1:{port}", "--episodes", 1)
    assert str(port) in error


def test_no_data_set(tmp_path: Path, error_of: ErrorOf) -> None:
    assert str(tmp_path / "nothing") in error_of("inspect", tmp_path / "nothing")


@pytest.mark.parametrize("verb", ["record", "train", "demo"])
def test_a_path_that_cannot_be_made(verb: str, made: Made, tmp_path: Path, error_of: ErrorOf) -> None:
    (tmp_path / "file").touch()
    data = ("--play", made.play, "--demonstrations", made.demonstrations, "--num-labeled", 10)
    assert str(tmp_path / "file") in error_of(
        verb, "--out", tmp_path / "file" / "out", *(data if verb == "train" else ())
    )


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--robot", "metaworld:push"), "robot metaworld:reach there, metaworld:push now"),
        (("--gripper", "continuous"), "gripper"),
        (("--cameras", "corner2"), "cameras none there, corner2 now"),
    ],
)
def test_recording_something_else_into_a_data_set(
    made: Made, error_of: ErrorOf, words: tuple[str, ...], line: str
) -> None:
    num_before = len(EpisodeDataset(made.play))
    robot = () if "--robot" in words else ("--robot", TASK)
    error = error_of("record", "--source", "play", "--out", made.play, "--episodes", 100, *robot, *words)
    assert line in error
    assert "--out" in error
    assert len(EpisodeDataset(made.play)) == num_before


def test_the_result_of_an_evaluation_has_a_place_before_it_begins(
    made: Made, tmp_path: Path, error_of: ErrorOf
) -> None:
    error = error_of("evaluate", "--checkpoint", made.checkpoint, "--episodes", 100_000, "--out", tmp_path)
    assert str(tmp_path) in error
    assert "file" in error


def test_a_demo_with_other_settings_is_refused_before_it_begins(tmp_path: Path, error_of: ErrorOf) -> None:
    config = DemoConfig(num_labeled=3)
    Demo(config, tmp_path).claim()
    error = error_of("demo", "--out", tmp_path, "--num-labeled", 4)
    assert "num_labeled 3 there, 4 now" in error
    assert "--out" in error


def test_unknown_command_names_the_nearest(error_of: ErrorOf) -> None:
    assert "clam train" in error_of("trian")


@pytest.mark.parametrize("flag", ["--episodes", "--workers"])
@pytest.mark.parametrize("verb", ["record", "evaluate"])
def test_counts_below_one_are_refused(verb: str, flag: str, made: Made, tmp_path: Path, error_of: ErrorOf) -> None:
    needed = {"record": ("--out", tmp_path / "play"), "evaluate": ("--checkpoint", made.checkpoint)}[verb]
    assert flag in error_of(verb, *needed, flag, 0)
