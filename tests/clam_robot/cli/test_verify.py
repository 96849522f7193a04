"""`clam verify` and `clam repair` on damaged, unfinished and whole episodes."""

import json
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


def test_an_episode_under_a_name_that_nothing_reads_is_told_of(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "episode_000001").rename(root / "episode_good one [b]")
    (root / "set_aside").mkdir()
    (root / "notes").mkdir()
    assert main(["verify", str(root)]) == 0
    out = capsys.readouterr().out
    assert "not looked at: episode_good one [b] holds an episode" in out
    assert "call it episode_000003, or put it elsewhere" in out
    assert out.count("not looked at") == 1


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


def test_changed_attributes_are_noticed_and_repair_keeps_what_they_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    description = write(tmp_path, 20).commit(OUTCOME) / "zarr.json"
    found = json.loads(description.read_text())
    found["attributes"] |= {"other program": 1}
    description.write_text(json.dumps(found))
    assert main(["verify", str(tmp_path)]) == 0
    capsys.readouterr()

    found["attributes"]["task"] = "another"
    description.write_text(json.dumps(found))
    assert main(["verify", str(tmp_path)]) == EXIT_ERROR
    assert "zarr.json: the attributes are not what was written" in capsys.readouterr().err
    assert main(["repair", str(tmp_path)]) == 0
    assert "repaired episode_000000: 20 steps" in capsys.readouterr().out
    assert Episode(tmp_path / "episode_000000").task == "another"
    assert main(["verify", str(tmp_path)]) == 0

    found["attributes"].pop("checksum")  # as older versions wrote it
    description.write_text(json.dumps(found))
    assert main(["verify", str(tmp_path)]) == 0


@pytest.mark.parametrize("content", [None, b"{", b"{}"])
@pytest.mark.parametrize("name", ["", "episode_000000"])
def test_an_episode_without_attributes_is_set_aside(
    tmp_path: Path, content: bytes | None, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, 20).commit(OUTCOME)
    write(tmp_path, 20).commit(OUTCOME)
    (path / "zarr.json").unlink()
    if content is not None:
        (path / "zarr.json").write_bytes(content)
    before = {each.relative_to(path): each.read_bytes() for each in path.rglob("*") if each.is_file()}
    assert main(["verify", str(tmp_path)]) == EXIT_ERROR
    assert "set it aside with `clam repair`" in capsys.readouterr().err
    assert main(["repair", str(tmp_path / name)]) == 0
    aside = tmp_path / SET_ASIDE / path.name
    assert f"it is at {aside}" in capsys.readouterr().out
    assert {each.relative_to(aside): each.read_bytes() for each in aside.rglob("*") if each.is_file()} == before
    assert main(["verify", str(tmp_path)]) == 0
