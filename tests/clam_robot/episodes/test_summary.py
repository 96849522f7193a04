import datetime
from collections.abc import Callable
from pathlib import Path

import pytest

from clam_robot.episodes import EpisodeWriter, folders
from clam_robot.episodes.summary import summarize
from clam_robot.errors import NoEpisodes
from clam_robot.specs import RobotSpec
from clam_robot.types import EpisodeStart
from tests.programs import wait_for


def test_a_summary_counts_what_is_there(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], record: Callable[..., Path]
) -> None:
    spec = make_spec()
    paths = [
        record(tmp_path, spec, 11, success=True),
        record(tmp_path, spec, 21, success=False, task="push", is_labeled=False),
        record(tmp_path, spec, 41, success=None, source="expert"),
    ]
    summary = summarize(tmp_path)
    assert (summary.num_episodes, summary.num_rows) == (3, 73)
    assert summary.seconds == pytest.approx(7.0)
    assert (summary.length_min, summary.length_median, summary.length_max) == (11, 21.0, 41)
    assert summary.achieved_hz == 9.5
    assert (summary.num_labeled, summary.labeled_share) == (50, pytest.approx(50 / 73))
    assert (summary.num_success, summary.num_failure, summary.num_unjudged) == (1, 1, 1)
    assert summary.tasks == {"reach": 2, "push": 1}
    assert summary.sources == {"play": 2, "expert": 1}
    assert (summary.spec, summary.num_specs) == (spec, 1)
    assert summary.num_bytes == sum(folders.num_bytes(path) for path in paths)
    assert summary.first_started_at <= summary.last_started_at
    assert (summary.partial, summary.damaged, summary.num_dropped) == ((), {}, 0)


def test_what_a_crash_left_is_told_by_name_size_and_age(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], record: Callable[..., Path]
) -> None:
    record(tmp_path, make_spec(), 11)
    with EpisodeWriter(tmp_path, EpisodeStart(spec=make_spec(), task="", source="play")) as writer:
        wait_for(lambda: summarize(tmp_path).partial[0].num_bytes > 0, "what was written")
        (partial,) = summarize(tmp_path).partial
        assert partial.name == writer.folder.name == ".episode_000001.partial"
        assert partial.is_recording
        assert abs(datetime.datetime.now(datetime.UTC) - partial.changed_at) < datetime.timedelta(minutes=10)
    assert summarize(tmp_path).partial == ()
    folders.claim(tmp_path)
    assert [partial.is_recording for partial in summarize(tmp_path).partial] == [False]


def test_damaged_episodes_are_listed_and_the_others_counted(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], record: Callable[..., Path]
) -> None:
    for _ in range(3):
        record(tmp_path, make_spec(cameras={"wrist": (8, 8)}), 11)
    (tmp_path / "episode_000000/zarr.json").unlink()
    summary = summarize(tmp_path)
    assert (summary.num_episodes, list(summary.damaged)) == (2, ["episode_000000"])
    assert "cannot read its attributes" in summary.damaged["episode_000000"]


def test_a_mixture_of_robots_is_counted(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], record: Callable[..., Path]
) -> None:
    for state in (3, 4, 3):
        record(tmp_path, make_spec(state=state), 5)
    assert summarize(tmp_path).num_specs == 2


def test_a_single_episode_has_a_summary_too(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], record: Callable[..., Path]
) -> None:
    path = record(tmp_path, make_spec(), 11)
    summary = summarize(path)
    assert (summary.num_episodes, summary.num_rows, summary.num_bytes) == (1, 11, folders.num_bytes(path))


def test_an_empty_episode_has_a_summary(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], record: Callable[..., Path]
) -> None:
    summary = summarize(record(tmp_path, make_spec(), 0))
    assert (summary.num_rows, summary.seconds, summary.labeled_share) == (0, 0.0, 0.0)


def test_a_data_set_of_damaged_episodes_only_is_no_data_set(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], record: Callable[..., Path]
) -> None:
    (record(tmp_path, make_spec(), 3) / "zarr.json").write_text("{")
    with pytest.raises(NoEpisodes, match=r"found 1, all of them damaged; episode_000000: .*zarr\.json"):
        summarize(tmp_path)


def test_a_thousand_episodes_are_summed_up_from_the_index(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], record: Callable[..., Path]
) -> None:
    """The index alone must do: only the attributes are there, so opening an episode's arrays would fail."""
    attributes = (record(tmp_path, make_spec(), 10) / "zarr.json").read_bytes()
    for k in range(1, 1000):
        folder = tmp_path / f"episode_{k:06}"
        folder.mkdir()
        (folder / "zarr.json").write_bytes(attributes)
    for _ in range(2):
        summary = summarize(tmp_path)
        assert (summary.num_episodes, summary.num_rows, summary.num_labeled) == (1000, 10_000, 9_000)
