"""What is on the disk before a block is whole."""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest

from clam_robot.episodes import EpisodeWriter, repair
from clam_robot.episodes.episode_files import FLUSH_SECONDS, EpisodeFiles
from clam_robot.episodes.records import FrameRecord, Record, Row
from clam_robot.specs import RobotSpec
from clam_robot.timing import ManualClock
from clam_robot.types import EpisodeOutcome, EpisodeStart, Step

PATIENCE = 60.0


def records_of(step: Step, spec: RobotSpec, number: int) -> list[Record]:
    images = step.observation.images
    frames = [FrameRecord(camera=name, time=number / 10, image=images[name]) for name in spec.cameras]
    return [*frames, Row.from_step(step, spec, is_labeled=True, frame_index=dict.fromkeys(spec.cameras, number))]


@pytest.mark.parametrize("cameras", [{}, {"wrist": (8, 8)}])
def test_what_waited_long_enough_is_written_before_its_block_is_whole(
    tmp_path: Path,
    make_spec: Callable[..., RobotSpec],
    make_steps: Callable[..., Iterator[Step]],
    cameras: dict[str, tuple[int, int]],
) -> None:
    spec, clock, times = make_spec(cameras=cameras), ManualClock(), tmp_path / "time" / "c.0"
    files = EpisodeFiles(tmp_path, spec, clock=clock)
    records = [records_of(step, spec, number) for number, step in enumerate(make_steps(spec, 7, closing=False))]
    for each in records[:5]:
        files.append(each)
    assert not times.exists()
    clock.advance(FLUSH_SECONDS)
    for each in records[5]:  # a frame waits for its row
        files.append([each])
        assert times.exists() == isinstance(each, Row)
    files.append(records[6])
    before = times.read_bytes()
    clock.advance(FLUSH_SECONDS)
    files.append([])  # nothing comes any more
    assert times.read_bytes() != before


def test_rows_reach_the_disk_though_no_further_one_comes(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], make_steps: Callable[..., Iterator[Step]]
) -> None:
    spec = make_spec()
    writer = EpisodeWriter(tmp_path, EpisodeStart(spec=spec, task="", source="play"), durable=False)
    for step in make_steps(spec, 5, closing=False):
        writer.append(step)
    end = time.monotonic() + PATIENCE
    while not (writer.folder / "time" / "c.0").exists() and time.monotonic() < end:
        time.sleep(0.01)
    writer.abandon()
    found = repair(writer.folder)
    assert found is not None
    assert (found.num_rows, found.losses) == (5, ())


@pytest.mark.parametrize("cameras", [{}, {"wrist": (8, 8)}])
def test_a_finished_episode_is_the_same_however_often_it_was_written(
    tmp_path: Path,
    make_spec: Callable[..., RobotSpec],
    make_steps: Callable[..., Iterator[Step]],
    make_outcome: Callable[..., EpisodeOutcome],
    cameras: dict[str, tuple[int, int]],
) -> None:
    class Hasty(EpisodeFiles):
        def append(self, records: Sequence[Record]) -> None:
            clock.advance(FLUSH_SECONDS)
            super().append(records)

    clock, spec = ManualClock(), make_spec(cameras=cameras)
    start = EpisodeStart(spec=spec, task="", source="play")
    contents: list[dict[str, bytes]] = []
    for files in (partial(EpisodeFiles, clock=clock), partial(Hasty, clock=clock)):
        writer = EpisodeWriter(tmp_path, start, durable=False, wait_when_full=True, files=files)
        for step in make_steps(spec, 300):
            writer.append(step)
        path = writer.commit(make_outcome())
        found = {str(each.relative_to(path)): each for each in path.rglob("*") if each.is_file()}
        contents.append({name: each.read_bytes() for name, each in found.items() if name != "zarr.json"})
    assert contents[0] == contents[1]
