import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from clam_robot.episodes.index import INDEX, EpisodeIndex
from clam_robot.specs import RobotSpec


@pytest.fixture
def root(tmp_path: Path, make_spec: Callable[..., RobotSpec], record: Callable[..., Path]) -> Path:
    for k in range(4):
        record(tmp_path, make_spec(), 5 + k, success=[True, False, None, True][k], task=f"task {k}", seed=k)
    return tmp_path


def read(root: Path) -> dict[str, tuple[int, bool | None]]:
    return {name: (entry.length, entry.success) for name, entry in EpisodeIndex(root).entries().found.items()}


WHOLE = {
    "episode_000000": (5, True),
    "episode_000001": (6, False),
    "episode_000002": (7, None),
    "episode_000003": (8, True),
}


def test_every_commit_adds_an_entry(root: Path) -> None:
    lines = [json.loads(line) for line in (root / INDEX).read_text().splitlines()]
    assert [(line["name"], line["length"], line["num_labeled"], line["seed"]) for line in lines] == [
        (f"episode_{k:06}", 5 + k, 4 + k, k) for k in range(4)
    ]
    before = (root / INDEX).stat()
    assert read(root) == WHOLE
    assert (root / INDEX).stat() == before


@pytest.mark.parametrize("content", [b"", b"\xff\x00{", b'{"name": "episode_000000"}\n', b"[]\n\n3\n", None], ids=str)
def test_a_damaged_or_missing_index_is_made_anew(root: Path, content: bytes | None) -> None:
    whole = (root / INDEX).read_bytes()
    (root / INDEX).unlink() if content is None else (root / INDEX).write_bytes(content)
    assert read(root) == WHOLE
    assert (root / INDEX).read_bytes() == whole


def test_one_broken_line_costs_only_that_line(root: Path) -> None:
    lines = (root / INDEX).read_bytes().splitlines(keepends=True)
    (root / INDEX).write_bytes(lines[0] + lines[1][:40] + b"\n" + b"".join(lines[2:]))
    assert read(root) == WHOLE


def test_the_index_is_not_trusted_over_the_episodes(
    root: Path, make_spec: Callable[..., RobotSpec], record: Callable[..., Path]
) -> None:
    shutil.rmtree(root / "episode_000001")
    shutil.rmtree(root / "episode_000002")
    other = record(root / "other", make_spec(), 20, success=False)
    other.rename(root / "episode_000002")
    shutil.rmtree(root / "other")
    assert read(root) == {**{k: v for k, v in WHOLE.items() if k != "episode_000001"}, "episode_000002": (20, False)}


def test_a_deleted_episode_leaves_the_index(root: Path) -> None:
    shutil.rmtree(root / "episode_000001")
    read(root)
    assert "episode_000001" not in (root / INDEX).read_text()


def test_changed_attributes_make_an_entry_stale(root: Path) -> None:
    path = root / "episode_000001" / "zarr.json"
    path.write_text(path.read_text().replace('"success": false', '"success": true'))
    os.utime(path, ns=(1, 1))
    assert read(root)["episode_000001"] == (6, True)


def test_a_lying_entry_with_a_wrong_stamp_is_read_again(root: Path) -> None:
    lines = [json.loads(line) for line in (root / INDEX).read_text().splitlines()]
    lines[2].update(length=10**6, stamp=lines[2]["stamp"] + 1)
    (root / INDEX).write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert read(root) == WHOLE


def test_a_damaged_episode_is_told_apart_and_the_others_stay(root: Path) -> None:
    (root / "episode_000001" / "zarr.json").write_text("{")
    entries = EpisodeIndex(root).entries()
    assert list(entries.found) == ["episode_000000", "episode_000002", "episode_000003"]
    assert list(entries.damaged) == ["episode_000001"]
    assert "episode_000001" in str(entries.damaged["episode_000001"])
    before = (root / INDEX).stat()
    EpisodeIndex(root).entries()
    assert (root / INDEX).stat() == before


def test_a_missing_folder_has_no_entries(tmp_path: Path) -> None:
    assert EpisodeIndex(tmp_path / "nowhere").entries() == ({}, {})


def test_an_index_that_cannot_be_written_costs_only_time(
    root: Path, make_spec: Callable[..., RobotSpec], record: Callable[..., Path]
) -> None:
    (root / INDEX).unlink()
    (root / INDEX).mkdir()
    path = record(root, make_spec(), 9)
    assert read(root) == {**WHOLE, path.name: (9, True)}


RECORD = """
import sys
from pathlib import Path
from clam_robot.episodes import Recorder
from clam_robot.testing.fakes import FakeRobot, fake_spec
from clam_robot.timing import ManualClock
from clam_robot.types import EpisodeOutcome, EpisodeStart, Step

robot = FakeRobot(ManualClock())
robot.connect()
recorder = Recorder(Path(sys.argv[1]), durable=False)
for k in range(15):
    robot.reset(k)
    recorder.on_episode_start(EpisodeStart(spec=robot.spec, task=sys.argv[2], source="play", seed=k))
    for _ in range(5):
        recorder.on_step(Step(observation=robot.get_observation(), requested=None, sent=None))
    recorder.on_episode_end(
        EpisodeOutcome(success=None, episode_return=None, num_steps=5, end="horizon", achieved_hz=1.0)
    )
"""


def test_several_processes_record_into_one_data_set(tmp_path: Path) -> None:
    processes = [subprocess.Popen([sys.executable, "-c", RECORD, str(tmp_path), str(k)]) for k in range(3)]
    while any(process.poll() is None for process in processes):
        EpisodeIndex(tmp_path).entries()
        time.sleep(0.02)
    assert [process.returncode for process in processes] == [0, 0, 0]
    entries = EpisodeIndex(tmp_path).entries()
    assert (len(entries.found), len(entries.damaged)) == (45, 0)
    made = {(entry.task, entry.seed) for entry in entries.found.values()}
    assert made == {(str(task), seed) for task in range(3) for seed in range(15)}
