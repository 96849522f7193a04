"""A disk that is really full: a small file system in memory, which root alone may mount."""

import dataclasses
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clam_robot.cli.main import main
from clam_robot.episodes import EpisodeDataset, Recorder, attributes, damage, folders
from clam_robot.episodes.repair import SET_ASIDE
from clam_robot.errors import EpisodeError
from clam_robot.exchange.clip import Clip, unjudged
from clam_robot.exchange.clip_source import import_clips
from clam_robot.specs import RobotSpec
from clam_robot.types import EpisodeStart

_SIZE = 3 * 2**20  # [bytes]
_STEPS = 100


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder that is a file system of three megabytes."""
    folder = tmp_path / "small"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "none", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"this machine lets nobody mount a small file system: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def ballast(small_disk: Path) -> Path:
    """A file that gives back room when it is deleted."""
    path = small_disk / "ballast"
    path.write_bytes(bytes(_SIZE // 3))
    return path


@pytest.fixture
def full(
    small_disk: Path,
    ballast: Path,
    make_spec: Callable[..., Any],
    make_steps: Callable[..., Any],
    make_outcome: Callable[..., Any],
) -> tuple[Path, str, int]:
    """A data set that was recorded until the disk was full, what was said then, and how many episodes were kept."""
    root, spec = small_disk / "data", make_spec(cameras={"front": (64, 64)})
    noise = np.random.default_rng(0)
    with Recorder(root, wait_when_full=True) as recorder:
        for seed in range(100):
            try:
                recorder.on_episode_start(EpisodeStart(spec=spec, task="t", source="play", seed=seed, is_labeled=True))
                for step in make_steps(spec, _STEPS):
                    picture = noise.integers(0, 256, (64, 64, 3)).astype(np.uint8)
                    seen = dataclasses.replace(step.observation, images={"front": picture})
                    recorder.on_step(dataclasses.replace(step, observation=seen))
                recorder.on_episode_end(make_outcome())
            except EpisodeError as error:
                return root, str(error), recorder.num_kept
    pytest.fail("the disk never was full")


def test_finished_episodes_stay_and_the_person_reads_what_to_do(full: tuple[Path, str, int]) -> None:
    root, said, num_kept = full
    assert "No space left on device; make room there, then `clam repair" in said
    assert num_kept > 0
    names = folders.finished_episodes(root)
    assert len(names) == num_kept
    for name in names:
        described = attributes.read(root / name)
        assert described.length == _STEPS
        assert not list(damage.find(root / name, described))


def test_a_repair_without_room_leaves_all_as_it_was(
    full: tuple[Path, str, int], capsys: pytest.CaptureFixture[str]
) -> None:
    root, _, num_kept = full
    fill = root.parent / "fill"
    with pytest.raises(OSError, match="No space left"), fill.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    (partial,) = folders.partial_episodes(root)
    before = {path: path.read_bytes() for path in (root / partial).rglob("*") if path.is_file()}
    assert main(["repair", str(root)]) == 2
    assert "make room there, then repair it again" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in (root / partial).rglob("*") if path.is_file()} == before
    assert not list(root.glob(".*.repair"))
    assert len(folders.finished_episodes(root)) == num_kept


def test_with_room_the_open_episode_is_repaired_to_what_reached_the_disk(
    full: tuple[Path, str, int], ballast: Path
) -> None:
    root, _, num_kept = full
    (partial,) = folders.partial_episodes(root)
    ballast.unlink()
    assert main(["repair", str(root)]) == 0
    assert not folders.partial_episodes(root)
    assert (root / SET_ASIDE / partial).exists()
    dataset = EpisodeDataset(root)
    assert len(dataset) in {num_kept, num_kept + 1}  # nothing of the open one may have reached the disk
    for episode in dataset:
        episode.check()
    if len(dataset) > num_kept:
        assert dataset[num_kept].attributes.end == "recovered"
        assert 0 < len(dataset[num_kept]) <= _STEPS


def test_no_episode_begins_without_room(
    full: tuple[Path, str, int], make_spec: Callable[..., Any], record: Callable[..., Path]
) -> None:
    root, _, num_kept = full
    with pytest.raises(EpisodeError, match="No space left on device; make room there"):
        for _ in range(50):
            record(root, make_spec(cameras={"front": (64, 64)}), _STEPS)
            num_kept += 1
    assert len(folders.finished_episodes(root)) == num_kept


def test_an_import_without_room_says_that_nothing_was_lost(
    small_disk: Path, make_spec: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    robot, noise = make_spec(cameras={"front": (64, 64)}), np.random.default_rng(0)
    rows = np.zeros((_STEPS, len(robot.state)), np.float32), np.zeros((_STEPS, len(robot.action)), np.float32)

    class Clips:
        @property
        def spec(self) -> RobotSpec:
            return robot

        def __len__(self) -> int:
            return 100

        def __iter__(self) -> Iterator[Clip]:
            for _ in range(len(self)):
                yield Clip(
                    start=EpisodeStart(spec=robot, task="t", source="play"),
                    time=np.arange(_STEPS, dtype=float),
                    state=rows[0],
                    action=rows[1],
                    action_requested=rows[1],
                    image_times={"front": np.arange(_STEPS, dtype=float)},
                    frames=({"front": noise.integers(0, 256, (64, 64, 3)).astype(np.uint8)} for _ in range(_STEPS)),
                    row_success=unjudged(_STEPS),
                    episode_return=unjudged(_STEPS),
                )

    with pytest.raises(EpisodeError) as found:
        import_clips(Clips(), small_disk / "data")
    assert "the disk is full; nothing was lost" in str(found.value)
    assert "import again" in str(found.value)
    assert "clam repair" not in str(found.value) + caplog.text
    assert list(small_disk.iterdir()) == []
