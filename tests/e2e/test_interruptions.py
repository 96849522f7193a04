"""Ctrl-C and kill -9: finished episodes and the last state stay usable."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from clam_robot.episodes import folders
from clam_robot.episodes.dataset import EpisodeDataset
from clam_robot.errors import NoEpisodes
from tests.e2e.conftest import TASK, Made, clam

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("made")]  # made once, by one worker

EXIT_INTERRUPTED = 130
PATIENCE = 300.0


def start(*words: object) -> subprocess.Popen[str]:
    """Begin a command."""
    command = [sys.executable, "-m", "clam_robot.cli.main", *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Until the condition holds; the process must not end before."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def count(root: Path) -> int:
    """Finished episodes."""
    try:
        return len(EpisodeDataset(root))
    except NoEpisodes:
        return 0


@pytest.mark.parametrize("workers", [1, 2])
def test_interrupted_recording_keeps_finished_episodes_and_goes_on(tmp_path: Path, workers: int) -> None:
    words = ("record", "--robot", TASK, "--out", tmp_path / "play", "--workers", workers, "--keep-all")
    process = start(*words, "--episodes", 10_000)
    wait_for(lambda: count(tmp_path / "play") >= 3, process)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == EXIT_INTERRUPTED, errors
    assert "Traceback" not in output + errors
    kept = EpisodeDataset(tmp_path / "play")
    for episode in kept:
        episode.check()
    more = clam(*words, "--episodes", len(kept) + 2)
    assert more.returncode == 0, more.stderr
    seeds = [episode.attributes.seed for episode in EpisodeDataset(tmp_path / "play")]
    assert len(seeds) == len(set(seeds)) == len(kept) + 2


def test_killed_recording_loses_only_the_open_episode(tmp_path: Path) -> None:
    process = start("record", "--robot", TASK, "--out", tmp_path / "play", "--episodes", 10_000, "--keep-all")
    wait_for(lambda: count(tmp_path / "play") >= 3, process)
    process.kill()
    process.communicate(timeout=PATIENCE)
    for episode in EpisodeDataset(tmp_path / "play"):
        episode.check()
    num_finished = count(tmp_path / "play")
    num_left = len(folders.partial_episodes(tmp_path / "play"))
    verified = clam("verify", tmp_path / "play")
    assert verified.returncode == 0, verified.stderr
    assert (
        verified.stdout.count("unfinished:")
        == clam("inspect", tmp_path / "play").stdout.count("clam repair")
        == num_left
    )
    repaired = clam("repair", tmp_path / "play")
    assert repaired.returncode == 0, repaired.stderr
    assert repaired.stdout.count("recovered episode") + repaired.stdout.count("set aside ") == num_left
    assert folders.partial_episodes(tmp_path / "play") == []
    assert count(tmp_path / "play") == num_finished + repaired.stdout.count("recovered episode")
    for episode in EpisodeDataset(tmp_path / "play"):
        episode.check()


def test_interrupted_training_goes_on_to_the_same_weights(made: Made, tmp_path: Path) -> None:
    def words(out: Path) -> tuple[object, ...]:
        return (
            *("train", "--play", made.play, "--demonstrations", made.demonstrations, "--num-labeled", 10),
            *("--dynamics-optimizer.num-steps", 240, "--policy-optimizer.num-steps", 100, "--save-every", 40),
            *("--out", out),
        )

    process = start(*words(tmp_path / "interrupted"))
    wait_for(lambda: any((tmp_path / "interrupted" / "state").glob("*.safetensors")), process)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == EXIT_INTERRUPTED, errors
    assert "Traceback" not in output + errors
    assert "goes on" in output
    for out in ("interrupted", "whole"):
        done = clam(*words(tmp_path / out))
        assert done.returncode == 0, done.stderr
    weights = [(tmp_path / out / "checkpoint" / "weights.safetensors").read_bytes() for out in ("interrupted", "whole")]
    assert weights[0] == weights[1]


def test_interrupted_server_stops_quietly(made: Made) -> None:
    process = start("serve", "--checkpoint", made.checkpoint, "--port", 0)
    assert process.stdout is not None
    assert "ws://" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    assert "server stopped" in output
    assert errors == ""


def test_interrupted_evaluation_ends_at_once(made: Made) -> None:
    process = start("evaluate", "--checkpoint", made.checkpoint, "--episodes", 100_000)
    wait_for(lambda: len(_children(process.pid)) >= 2, process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == EXIT_INTERRUPTED, errors
    assert "Traceback" not in errors


def _children(pid: int) -> list[str]:
    tasks = Path(f"/proc/{pid}/task")
    return [child for task in tasks.iterdir() for child in (task / "children").read_text().split()]
