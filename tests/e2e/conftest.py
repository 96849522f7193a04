"""A small data set and checkpoint of a real MetaWorld task, made once by the commands themselves."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

from tests.e2e.program_logs import pytest_runtest_makereport as pytest_runtest_makereport

TASK = "metaworld:reach"


def clam(*words: object, timeout: float = 600.0) -> subprocess.CompletedProcess[str]:
    """Run one command in its own process."""
    command = [sys.executable, "-m", "clam_robot.cli.main", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)


@dataclass(frozen=True, kw_only=True)
class Made:
    """What the commands made."""

    play: Path
    demonstrations: Path
    checkpoint: Path


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    # Test processes share what the first of them makes.
    root = (
        tmp_path_factory.getbasetemp().parent / "made"
        if "PYTEST_XDIST_WORKER" in os.environ
        else tmp_path_factory.mktemp("made")
    )
    root.mkdir(exist_ok=True)
    made = Made(play=root / "play", demonstrations=root / "demonstrations", checkpoint=root / "run" / "checkpoint")
    with FileLock(root / "lock"):
        if not (root / "run" / "finished.json").exists():
            _make(made)
    return made


def _make(made: Made) -> None:
    play, demonstrations = made.play, made.demonstrations
    for source, out, episodes in (("play", play, 15), ("expert", demonstrations, 20)):
        recorded = clam(
            "record",
            "--robot",
            TASK,
            "--source",
            source,
            "--out",
            out,
            "--episodes",
            episodes,
            "--keep-all",
            "--workers",
            2,
        )
        assert recorded.returncode == 0, recorded.stderr
        assert str(out) in recorded.stdout.replace("\n", "")
    trained = clam(
        *(
            "train",
            "--play",
            play,
            "--demonstrations",
            demonstrations,
            "--num-labeled",
            15,
            "--out",
            made.checkpoint.parent,
        ),
        *("--dynamics-optimizer.num-steps", 600, "--policy-optimizer.num-steps", 1000),
    )
    assert trained.returncode == 0, trained.stderr
