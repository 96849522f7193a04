"""A small data set and checkpoint of a real MetaWorld task, made once by the commands themselves."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

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
    root = tmp_path_factory.mktemp("made")
    play, demonstrations = root / "play", root / "demonstrations"
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
        *("train", "--play", play, "--demonstrations", demonstrations, "--num-labeled", 15, "--out", root / "run"),
        *("--dynamics-optimizer.num-steps", 600, "--policy-optimizer.num-steps", 1000),
    )
    assert trained.returncode == 0, trained.stderr
    return Made(play=play, demonstrations=demonstrations, checkpoint=root / "run" / "checkpoint")
