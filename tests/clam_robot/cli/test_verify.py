"""`clam verify` and `clam repair` on damaged, unfinished and whole episodes."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from clam_robot.cli.exits import EXIT_ERROR
from clam_robot.cli.main import main
from clam_robot.episodes import Episode, EpisodeWriter
from clam_robot.episodes.episode_files import EpisodeFiles
from clam_robot.episodes.repair import SET_ASIDE
from clam_robot.testing.fakes import fake_spec
from clam_robot.timing import ManualClock
from clam_robot.types import EpisodeOutcome, EpisodeStart, Observation, Step

OUTCOME = EpisodeOutcome(success=None, episode_return=None, num_steps=3, end="", achieved_hz=10.0)


def write(root: Path, num_rows: int = 300) -> EpisodeWriter:
    spec = fake_spec()
    start, files = EpisodeStart(spec=spec, task="", source="play"), partial(EpisodeFiles, clock=ManualClock())
    writer = EpisodeWriter(root, start, durable=False, wait_when_full=True, files=files)
    for k in range(num_rows):
        state = np.full(len(spec.state), k, np.float32)
        writer.append(Step(observation=Observation(time=k / 10, state=state), requested=None, sent=None))
    return writer


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A whole episode, one whose first states are lost, and one without an end."""
    write(tmp_path).commit(OUTCOME)
    next((write(tmp_path).commit(OUTCOME) / "state").glob("c.0*")).unlink()
    writer = write(tmp_path)
    writer._intake.queue.close()
    writer._thread.join()
    writer.abandon()
    return tmp_path


def test_damage_is_named_repaired_and_gone(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(root)]) == EXIT_ERROR
    printed = capsys.readouterr()
    assert "episode_000001: array state: chunk c.0.0, rows from 0 on" in printed.err
    assert "1 of 2 episodes" in printed.err
    assert ".episode_000002.partial; finish it with `clam repair`" in printed.out

    assert main(["repair", str(root), "--dry-run"]) == 0
    assert "would have repaired episode_000001: 44 steps" in capsys.readouterr().out
    assert not (root / SET_ASIDE).exists()

    assert main(["repair", str(root)]) == 0
    printed = capsys.readouterr()
    assert "repaired episode_000001: 44 steps" in printed.out
    assert "recovered episode_000002: 256 steps" in printed.out
    assert sorted(path.name for path in (root / SET_ASIDE).iterdir()) == [".episode_000002.partial", "episode_000001"]
    assert Episode(root / "episode_000001").state[0, 0] == 256

    assert main(["verify", str(root)]) == 0
    assert "verified 3 episodes: no damage" in capsys.readouterr().out
    assert main(["repair", str(root)]) == 0
    assert "nothing to repair" in capsys.readouterr().out
