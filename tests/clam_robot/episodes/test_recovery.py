import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from clam_robot.episodes import Episode, EpisodeDataset, EpisodeWriter, recover
from clam_robot.episodes.index import EpisodeIndex
from clam_robot.errors import DamagedEpisode, EpisodeError, NoEpisodes
from clam_robot.specs import RobotSpec
from clam_robot.types import EpisodeStart, Step


@pytest.fixture
def interrupt(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], make_steps: Callable[..., Iterator[Step]]
) -> Callable[..., Path]:
    """Record so many steps, stop without an end, and return the folder that is left."""

    def run(length: int, *, without: Sequence[int] = ()) -> Path:
        spec = make_spec(cameras={"wrist": (8, 8), "over": (6, 10)})
        start = EpisodeStart(spec=spec, task="reach", source="teleop", seed=3)
        writer = EpisodeWriter(tmp_path, start, durable=False)
        for t, step in enumerate(make_steps(spec, length, closing=False)):
            if t not in without:
                writer.append(step)
        while writer._queue._rows:
            pass
        writer.abandon()
        return writer.folder

    return run


@pytest.mark.parametrize(("length", "whole"), [(32, 32), (50, 32), (64, 64), (300, 288)])
def test_all_but_the_last_block_comes_back(interrupt: Callable[..., Path], length: int, whole: int) -> None:
    folder = interrupt(length)
    path = recover(folder)
    assert (path.name, folder.exists()) == ("episode_000000", False)
    (episode,) = EpisodeDataset(path.parent)
    episode.check()
    assert (episode.length, episode.success, episode.attributes.end) == (whole, None, "recovered")
    assert (episode.task, episode.attributes.seed, episode.attributes.num_labeled) == ("reach", 3, whole)
    np.testing.assert_array_equal(episode.state[:, 0], np.arange(whole))
    for camera in ("wrist", "over"):
        shades = episode.images[camera][:].mean(axis=(1, 2, 3))
        assert np.abs(shades - np.arange(whole) % 251).max() <= 1
    recording = episode.attributes.recording
    assert recording.duration == pytest.approx((whole - 1) * 0.1)
    assert recording.max_skew == pytest.approx(0.02)
    assert (recording.achieved_hz, recording.gaps) == (None, ())
    assert EpisodeIndex(path.parent).entries().found["episode_000000"].length == whole


def test_lost_rows_are_found_again_by_their_times(interrupt: Callable[..., Path]) -> None:
    episode = Episode(recover(interrupt(40, without=(5, 6, 20))))
    assert episode.length == 32
    assert episode.attributes.recording.gaps == (5, 18)


def test_writes_cut_short_by_the_crash_do_no_harm(interrupt: Callable[..., Path]) -> None:
    """As if killed in the second block's flush: frames and some vectors are further than the times."""
    folder, earlier = interrupt(64), interrupt(32)
    shutil.rmtree(folder / "time")
    shutil.rmtree(folder / "state")
    shutil.copytree(earlier / "time", folder / "time")
    shutil.copytree(earlier / "state", folder / "state")
    description = (folder / "time/zarr.json").read_text()
    (folder / "time/zarr.json").write_text(description.replace("[32]", "[64]"))
    (folder / "state/c.0.0.partial").write_bytes(b"half")
    episode = Episode(recover(folder))
    episode.check()
    assert episode.length == 32
    assert not list(episode.path.rglob("*.partial"))


def test_an_episode_of_which_nothing_is_whole_is_said_to_be_so(interrupt: Callable[..., Path]) -> None:
    folder = interrupt(20)
    with pytest.raises(EpisodeError, match=rf"{folder.name}: nothing of it reached the disk; delete it"):
        recover(folder)
    assert folder.exists()


def test_more_damage_than_a_crash_explains_is_named(interrupt: Callable[..., Path]) -> None:
    folder = interrupt(64)
    (folder / "images/wrist/c.0.0.0.0").unlink()
    with pytest.raises(DamagedEpisode, match=r"images/wrist: shard c\.0\.0\.0\.0"):
        recover(folder)
    assert folder.exists()


def test_a_recording_in_progress_is_left_alone(tmp_path: Path, make_spec: Callable[..., RobotSpec]) -> None:
    with (
        EpisodeWriter(tmp_path, EpisodeStart(spec=make_spec(), task="", source="")) as writer,
        pytest.raises(EpisodeError, match="still being recorded"),
    ):
        recover(writer.folder)


@pytest.mark.parametrize("name", ["episode_000000", "nothing", ".episode_000009.partial"])
def test_only_unfinished_episodes_are_recovered(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], record: Callable[..., Path], name: str
) -> None:
    record(tmp_path, make_spec(), 3)
    with pytest.raises(EpisodeError, match=r"expected an unfinished episode such as \.episode_000007\.partial"):
        recover(tmp_path / name)


def test_a_folder_that_a_kill_left_empty_holds_nothing(tmp_path: Path) -> None:
    folder = tmp_path / ".episode_000000.partial"
    folder.mkdir()
    with pytest.raises(NoEpisodes, match="nothing of it reached the disk; delete it"):
        recover(folder)
