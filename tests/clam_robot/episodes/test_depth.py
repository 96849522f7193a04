"""Depth beside the frames of a camera: the same frames, the same times, without loss."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import zarr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from clam_robot.cli.main import main
from clam_robot.episodes import Episode, EpisodeDataset, EpisodeWriter, Recorder, repair
from clam_robot.episodes.depth_file import decode_depth, encode_depth
from clam_robot.episodes.episode_files import EpisodeFiles
from clam_robot.episodes.frame_file import num_frames
from clam_robot.episodes.stores.cache import pictures_of
from clam_robot.errors import DamagedEpisode, InvalidImage
from clam_robot.specs import RobotSpec
from clam_robot.timing import ManualClock
from clam_robot.types import EpisodeOutcome, EpisodeStart, Observation, Step

UNIT = 0.0001
SIZE = (6, 8)
NUM_FRAMES, NUM_ROWS = 90, 30  # three frames for each row


@pytest.fixture
def spec(make_spec: Callable[..., RobotSpec]) -> RobotSpec:
    return make_spec(cameras={"wrist": SIZE, "table": SIZE})


def depth_of(frame: int) -> np.ndarray:
    return np.random.default_rng(frame).integers(0, 2**16, SIZE, dtype=np.uint16)


def picture_of(frame: int) -> np.ndarray:
    return np.full((*SIZE, 3), frame, np.uint8)


def fill(writer: EpisodeWriter, *, without: int = -1) -> None:
    """The wrist measures depth, the table does not; `without` is a frame that comes without."""
    for frame in range(NUM_FRAMES):
        depth = None if frame == without else depth_of(frame)
        assert writer.append_frame("wrist", frame / 30, picture_of(frame), depth)
        assert writer.append_frame("table", frame / 30, picture_of(frame), depth)
        if frame % 3 == 2:
            image: dict[str, np.ndarray] = dict.fromkeys(writer.spec.cameras, picture_of(frame))
            time = dict.fromkeys(image, frame / 30)
            observation = Observation(time=frame / 30, state=np.zeros(3, np.float32), images=image, image_times=time)
            assert writer.append(Step(observation=observation, requested=None, sent=None))


def begin(root: Path, spec: RobotSpec) -> EpisodeWriter:
    start = EpisodeStart(spec=spec, task="reach", source="teleop")
    # Blocks are written when they are whole, whatever time that takes.
    files = partial(EpisodeFiles, clock=ManualClock())
    return EpisodeWriter(root, start, durable=False, files=files, depth_units={"wrist": UNIT, "hand": 0.001})


@pytest.fixture
def recorded(tmp_path: Path, spec: RobotSpec, make_outcome: Callable[..., EpisodeOutcome]) -> Path:
    writer = begin(tmp_path, spec)
    fill(writer)
    return writer.commit(make_outcome())


@given(arrays(np.uint16, st.tuples(st.integers(1, 9), st.integers(1, 9))))
def test_nothing_of_depth_is_lost(depth: np.ndarray) -> None:
    out = np.empty_like(depth)
    decode_depth(encode_depth(depth), out)
    np.testing.assert_array_equal(out, depth)


def test_depth_comes_back_with_its_frames_and_any_zarr_reads_it(recorded: Path) -> None:
    episode = EpisodeDataset(recorded.parent)[0]
    episode.check()
    assert dict(episode.attributes.depth_units) == {"wrist": UNIT}
    assert list(episode.depths) == list(episode.frame_depths) == ["wrist"]
    frames = episode.frame_depths["wrist"]
    assert (frames.shape, frames.dtype, frames.unit) == ((NUM_FRAMES, *SIZE), np.uint16, UNIT)
    everything = np.stack([depth_of(frame) for frame in range(NUM_FRAMES)])
    np.testing.assert_array_equal(frames[:], everything)
    np.testing.assert_array_equal(episode.depths["wrist"][:], everything[2::3])
    np.testing.assert_array_equal(frames[np.array([70, 3])], everything[[70, 3]])
    assert len(frames) == len(episode.frames["wrist"]) == len(episode.frame_times["wrist"])
    assert episode.attributes.recording.cameras["wrist"].num_without_depth == 0
    np.testing.assert_array_equal(zarr.open_array(str(recorded), path="depth/wrist", mode="r")[:], everything)
    assert not (recorded / "depth/table").exists()


def test_a_frame_without_depth_is_unknown_everywhere_and_counted(
    tmp_path: Path, spec: RobotSpec, make_outcome: Callable[..., EpisodeOutcome]
) -> None:
    writer = begin(tmp_path, spec)
    fill(writer, without=7)
    episode = Episode(writer.commit(make_outcome()))
    assert not episode.frame_depths["wrist"][7].any()
    np.testing.assert_array_equal(episode.frame_depths["wrist"][8], depth_of(8))
    assert episode.attributes.recording.cameras["wrist"].num_without_depth == 1


def test_without_depth_nothing_of_it_is_stored(tmp_path: Path, record: Callable[..., Path], spec: RobotSpec) -> None:
    episode = Episode(record(tmp_path, spec))
    assert not episode.depths and not (episode.path / "depth").exists()


def test_depth_of_another_shape_is_refused(tmp_path: Path, spec: RobotSpec) -> None:
    with begin(tmp_path, spec) as writer:
        with pytest.raises(InvalidImage, match=r"camera wrist: expected depth \(6, 8\) uint16, found \(8, 6\) uint16"):
            writer.append_frame("wrist", 0.0, picture_of(0), depth_of(0).T)
        with pytest.raises(InvalidImage, match=r"found \(6, 8\) float32"):
            writer.append_frame("wrist", 0.0, picture_of(0), depth_of(0).astype(np.float32))


def test_a_recorder_asks_for_the_units_when_an_episode_begins(tmp_path: Path, spec: RobotSpec) -> None:
    units = {"wrist": 0.5}
    with Recorder(tmp_path, durable=False, depth_units=lambda: units) as recorder:
        for units["wrist"] in (0.001, 0.0001):
            recorder.on_episode_start(EpisodeStart(spec=spec, task="", source="teleop"))
            recorder.on_frame("wrist", 0.0, picture_of(0), depth_of(0))
            recorder.on_episode_end(
                EpisodeOutcome(success=None, episode_return=None, num_steps=0, end="", achieved_hz=0.0)
            )
    found = [Episode(path) for path in recorder.paths]
    assert [each.frame_depths["wrist"].unit for each in found] == [0.001, 0.0001]
    np.testing.assert_array_equal(found[1].frame_depths["wrist"][0], depth_of(0))


def test_the_first_row_shows_a_frame_from_before_the_episode_with_its_depth(tmp_path: Path, spec: RobotSpec) -> None:
    with Recorder(tmp_path, durable=False, depth_units=lambda: {"wrist": UNIT}) as recorder:
        for frame in (5, 6):
            recorder.on_frame("wrist", frame / 30, picture_of(frame), depth_of(frame))
        recorder.on_episode_start(EpisodeStart(spec=spec, task="", source="teleop"))
        images = dict.fromkeys(spec.cameras, picture_of(6))
        observation = Observation(
            time=0.21, state=np.zeros(3, np.float32), images=images, image_times=dict.fromkeys(images, 6 / 30)
        )
        recorder.on_step(Step(observation=observation, requested=None, sent=None))
        recorder.on_episode_end(EpisodeOutcome(success=None, episode_return=None, num_steps=1, end="", achieved_hz=0.0))
    episode = Episode(recorder.paths[0])
    assert len(episode.frames["wrist"]) == 1
    np.testing.assert_array_equal(episode.depths["wrist"][0], depth_of(6))


def test_damaged_depth_is_named_and_repaired_to_unknown_depth(
    recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shard = recorded / "depth/wrist/c.1.0.0"
    content = bytearray(shard.read_bytes())
    content[30] ^= 1  # in the first of its frames
    shard.write_bytes(bytes(content))
    with pytest.raises(DamagedEpisode, match=r"array depth/wrist: shard c\.1\.0\.0.*row 32"):
        Episode(recorded).check()
    assert main(["verify", str(recorded.parent)]) == 2
    assert "row 32" in capsys.readouterr().err.replace("\n", "")

    assert main(["repair", str(recorded.parent)]) == 0
    episode = Episode(recorded)
    episode.check()
    assert (episode.length, len(episode.frames["wrist"])) == (NUM_ROWS, NUM_FRAMES)
    assert not episode.frame_depths["wrist"][32].any()
    others = np.array([frame for frame in range(NUM_FRAMES) if frame != 32])
    np.testing.assert_array_equal(episode.frame_depths["wrist"][others], np.stack([depth_of(k) for k in others]))
    assert episode.attributes.repairs == ("depth/wrist: frames 32 to 32 lost",)
    assert episode.attributes.recording.cameras["wrist"].num_without_depth == 1


def test_what_a_kill_leaves_has_the_depth_of_every_frame(tmp_path: Path, spec: RobotSpec) -> None:
    writer = begin(tmp_path, spec)
    fill(writer)
    writer._intake.queue.close()
    writer._thread.join()
    writer.abandon()
    # Depth goes to the disk before its frames.
    assert num_frames(writer.folder / "depth/wrist/c.1.0.0") >= num_frames(writer.folder / "images/wrist/c.1.0.0.0")
    done = repair(writer.folder)
    assert done is not None and done.losses == ()
    episode = Episode(done.path)
    episode.check()
    found = episode.frame_depths["wrist"][:]
    assert len(found) == len(episode.frames["wrist"]) >= 64
    np.testing.assert_array_equal(found, np.stack([depth_of(frame) for frame in range(len(found))]))


def test_depth_is_not_fetched_for_training_on_pictures() -> None:
    wanted = pictures_of("wrist")
    assert wanted("images/wrist/c.0.0.0.0") and wanted("state/c.0.0")
    assert not wanted("depth/wrist/c.0.0.0")
