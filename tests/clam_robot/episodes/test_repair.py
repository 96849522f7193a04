import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clam_robot.episodes import Episode, EpisodeDataset, EpisodeWriter, repair
from clam_robot.episodes.episode_files import EpisodeFiles
from clam_robot.episodes.index import EpisodeIndex
from clam_robot.episodes.repair import SET_ASIDE
from clam_robot.errors import EpisodeError, NoEpisodes
from clam_robot.specs import RobotSpec
from clam_robot.timing import ManualClock
from clam_robot.types import EpisodeStart, Step


@pytest.fixture
def interrupt(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], make_steps: Callable[..., Iterator[Step]]
) -> Callable[..., Path]:
    """Record so many steps, stop without an end, and return the folder that is left."""

    def run(length: int, *, without: Sequence[int] = ()) -> Path:
        spec = make_spec(cameras={"wrist": (8, 8), "over": (6, 10)})
        start = EpisodeStart(spec=spec, task="reach", source="teleop", seed=3)
        files = partial(EpisodeFiles, clock=ManualClock())  # blocks are written when they are whole
        writer = EpisodeWriter(tmp_path, start, durable=False, files=files)
        for t, step in enumerate(make_steps(spec, length, closing=False)):
            if t not in without:
                writer.append(step)
        while writer._intake.queue._records:
            pass
        writer.abandon()
        return writer.folder

    return run


def repaired(folder: Path) -> Episode:
    done = repair(folder)
    assert done is not None and done.set_aside is not None
    episode = Episode(done.path)
    episode.check()
    assert (done.num_rows, done.losses) == (episode.length, episode.attributes.repairs)
    return episode


@pytest.mark.parametrize(("length", "whole"), [(32, 32), (50, 32), (64, 64), (300, 288)])
def test_all_but_the_last_block_comes_back(interrupt: Callable[..., Path], length: int, whole: int) -> None:
    folder = interrupt(length)
    episode = repaired(folder)
    root = folder.parent
    assert (episode.path.name, folder.exists(), (root / SET_ASIDE / folder.name).is_dir()) == (
        "episode_000000",
        False,
        True,
    )
    assert len(EpisodeDataset(root)) == 1
    assert (episode.length, episode.success, episode.attributes.end) == (whole, None, "recovered")
    assert (episode.task, episode.attributes.seed, episode.attributes.num_labeled) == ("reach", 3, whole)
    assert episode.attributes.repairs == ()
    np.testing.assert_array_equal(episode.state[:, 0], np.arange(whole))
    for camera in ("wrist", "over"):
        shades = episode.images[camera][:].mean(axis=(1, 2, 3))
        assert np.abs(shades - np.arange(whole) % 251).max() <= 1
    recording = episode.attributes.recording
    assert recording.duration == pytest.approx((whole - 1) * 0.1)
    assert recording.cameras["wrist"].skew_max == pytest.approx(0.02)
    assert (recording.achieved_hz, recording.gaps) == (None, ())
    assert EpisodeIndex(root).entries().found["episode_000000"].length == whole


def test_lost_rows_are_found_again_by_their_times(interrupt: Callable[..., Path]) -> None:
    episode = repaired(interrupt(40, without=(5, 6, 20)))
    assert episode.length == 32
    assert episode.attributes.recording.gaps == (5, 18)


def test_writes_cut_short_by_the_crash_do_no_harm(interrupt: Callable[..., Path]) -> None:
    """As if killed in the second block's flush: frames and some vectors are further than the times."""
    folder, earlier = interrupt(64), interrupt(32)
    for name in ("time", "state"):
        shutil.rmtree(folder / name)
        shutil.copytree(earlier / name, folder / name)
    (folder / "state/c.0.0.partial").write_bytes(b"half")
    episode = repaired(folder)
    assert episode.length == 32
    assert episode.attributes.num_frames == {"wrist": 64, "over": 64}
    assert not list(episode.path.rglob("*.partial"))


def test_an_episode_of_which_nothing_is_whole_is_said_to_be_so(interrupt: Callable[..., Path]) -> None:
    folder = interrupt(20)
    with pytest.raises(NoEpisodes, match=rf"{folder.name}: nothing of it is whole"):
        repair(folder)
    assert folder.exists()


def test_a_lost_shard_costs_the_rows_that_show_its_frames(interrupt: Callable[..., Path]) -> None:
    folder = interrupt(96)
    (folder / "images/wrist/c.1.0.0.0").unlink()
    episode = repaired(folder)
    kept = np.r_[0:32, 64:96]
    np.testing.assert_array_equal(episode.state[:, 0], kept)
    assert (episode.attributes.num_frames, episode.attributes.recording.gaps) == ({"wrist": 64, "over": 96}, (32,))
    assert episode.attributes.repairs == ("images/wrist: frames 32 to 63 lost",)
    for camera in ("wrist", "over"):
        assert np.abs(episode.images[camera][:].mean(axis=(1, 2, 3)) - kept).max() <= 1


def test_a_recording_in_progress_is_left_alone(tmp_path: Path, make_spec: Callable[..., RobotSpec]) -> None:
    with (
        EpisodeWriter(tmp_path, EpisodeStart(spec=make_spec(), task="", source="")) as writer,
        pytest.raises(EpisodeError, match="still being recorded"),
    ):
        repair(writer.folder)


@pytest.mark.parametrize("name", ["nothing", ".episode_000009.partial", SET_ASIDE])
def test_only_episodes_are_repaired(tmp_path: Path, name: str) -> None:
    (tmp_path / SET_ASIDE).mkdir()
    with pytest.raises(EpisodeError, match=r"expected an episode such as episode_000007 or"):
        repair(tmp_path / name)


def test_a_folder_that_a_kill_left_empty_holds_nothing(tmp_path: Path) -> None:
    folder = tmp_path / ".episode_000000.partial"
    folder.mkdir()
    with pytest.raises(NoEpisodes, match="nothing of it reached the disk"):
        repair(folder)


def test_an_episode_that_is_whole_is_left_as_it_is(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], record: Callable[..., Path]
) -> None:
    path = record(tmp_path, make_spec(cameras={"wrist": (8, 8)}), 40)
    before = {file: file.stat().st_mtime_ns for file in path.rglob("*")}
    assert repair(path) is None
    assert {file: file.stat().st_mtime_ns for file in path.rglob("*")} == before
    assert not (tmp_path / SET_ASIDE).exists()


def test_a_dry_run_says_what_would_be_done_and_writes_nothing(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], record: Callable[..., Path]
) -> None:
    path = record(tmp_path, make_spec(cameras={"wrist": (8, 8)}), 70)
    (path / "images/wrist/c.0.0.0.0").unlink()
    before = sorted(tmp_path.rglob("*"))
    planned = repair(path, dry_run=True)
    assert planned is not None
    assert (planned.num_rows, planned.set_aside, planned.path) == (38, None, path)
    assert sorted(tmp_path.rglob("*")) == before
    assert repair(path) is not None
    assert Episode(path).length == 38


@pytest.mark.parametrize("name", ["action", "action_requested", "success", "episode_return", "image_time/wrist"])
def test_what_a_row_can_do_without_is_filled_up(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], record: Callable[..., Path], name: str
) -> None:
    path = record(tmp_path, make_spec(cameras={"wrist": (8, 8)}), 300)
    before = Episode(path)
    assert np.isfinite(before.action[:-1]).all()
    next((path / name).glob("c.0*")).unlink()
    episode = repaired(path)
    assert (episode.length, episode.success, episode.attributes.end) == (300, True, "horizon")
    assert episode.attributes.repairs == (f"{name}: 0 to 255 lost",)
    assert episode.action_labeled[256:299].all()
    assert episode.action_labeled[:256].any() == (name != "action")
    assert np.isnan(episode.image_times["wrist"][:256]).all() == (name == "image_time/wrist")
    np.testing.assert_array_equal(episode.images["wrist"][:], before_frames(tmp_path, path))


def before_frames(root: Path, path: Path) -> np.ndarray:
    return Episode(root / SET_ASIDE / path.name).images["wrist"][:]


def test_a_lost_description_is_written_anew(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], record: Callable[..., Path]
) -> None:
    path = record(tmp_path, make_spec(cameras={"wrist": (8, 8)}), 40)
    (path / "state/zarr.json").unlink()
    (path / "images/wrist/zarr.json").write_text("{")
    assert repaired(path).length == 40


def test_without_attributes_nothing_can_be_done(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], record: Callable[..., Path]
) -> None:
    path = record(tmp_path, make_spec(), 40)
    (path / "zarr.json").write_text("{")
    with pytest.raises(NoEpisodes, match="its attributes are lost"):
        repair(path)
    assert path.exists()


def test_a_repair_that_was_interrupted_is_done_again(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], record: Callable[..., Path]
) -> None:
    path = record(tmp_path, make_spec(cameras={"wrist": (8, 8)}), 70)
    (path / "images/wrist/c.0.0.0.0").unlink()
    (tmp_path / ".episode_000000.repair").mkdir()
    assert repaired(path).length == 38
    assert (tmp_path / SET_ASIDE / ".episode_000000.repair").is_dir()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_whatever_is_damaged_rows_that_stay_show_their_own_frames(
    tmp_path_factory: pytest.TempPathFactory,
    make_spec: Callable[..., RobotSpec],
    record: Callable[..., Path],
    seed: int,
) -> None:
    root, rng = tmp_path_factory.mktemp("damage"), np.random.default_rng(seed)
    path = record(root, make_spec(cameras={"wrist": (8, 8), "over": (8, 8)}), 100)
    files = sorted(file for file in path.rglob("*") if file.is_file() and file != path / "zarr.json")
    for file in rng.choice(np.array(files, object), size=rng.integers(1, 6), replace=False):
        content = bytearray(file.read_bytes())
        match rng.integers(3):
            case 0:
                file.unlink()
            case 1:
                content[rng.integers(len(content))] ^= 1 << rng.integers(8)
                file.write_bytes(content)
            case _:
                file.write_bytes(content[: rng.integers(len(content))])
    try:
        repair(path)
    except NoEpisodes:
        assert path.exists()
        return
    episode = Episode(path)
    episode.check()
    for camera in ("wrist", "over"):
        shades = episode.images[camera][:].mean(axis=(1, 2, 3))
        assert np.abs(shades - episode.state[:, 0] % 251).max() <= 1
    rows = episode.state[:, 0]
    for start, stop in episode.segments:
        np.testing.assert_array_equal(np.diff(rows[start:stop]), 1)
    labeled = episode.action_labeled
    np.testing.assert_array_equal(episode.action[labeled][:, 0], rows[labeled])


def test_an_episode_of_the_version_before_is_repaired_into_this_one(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], record: Callable[..., Path]
) -> None:
    path = as_version_1(record(tmp_path, make_spec(cameras={"wrist": (8, 8)}), 70))
    assert repair(path) is None
    (path / "images/wrist/c.0.0.0.0").unlink()
    episode = repaired(path)
    assert episode.attributes.schema_version == 2
    np.testing.assert_array_equal(episode.state[:, 0], np.arange(32, 70))
    assert np.abs(episode.images["wrist"][:].mean(axis=(1, 2, 3)) - np.arange(32, 70)).max() <= 1


def as_version_1(path: Path) -> Path:
    """What version 1 wrote of an episode with a frame for each row."""
    content = json.loads((path / "zarr.json").read_text())
    for name in ("num_frames", "joints", "num_joint_samples", "repairs", "checksum"):
        del content["attributes"][name]
    for name in ("cameras", "joints", "limits"):
        del content["attributes"]["recording"][name]
    content["attributes"]["recording"]["max_skew"] = 0.02
    content["attributes"]["schema_version"] = 1
    (path / "zarr.json").write_text(json.dumps(content))
    shutil.rmtree(path / "frame_index")
    return path


def test_an_episode_of_the_version_before_is_read_as_it_was(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], record: Callable[..., Path]
) -> None:
    path = record(tmp_path, make_spec(cameras={"wrist": (8, 8)}), 40)
    new = Episode(path)
    images, times = new.images["wrist"][:], new.image_times["wrist"]
    old = Episode(as_version_1(path))
    old.check()
    np.testing.assert_array_equal(old.images["wrist"][:], images)
    np.testing.assert_array_equal(old.image_times["wrist"], times)
    assert (old.attributes.num_frames, old.length) == ({"wrist": 40}, 40)
