import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings

from clam_robot.episodes.dataset import EpisodeDataset
from clam_robot.errors import ConfigError, EpisodeExists, ExchangeError
from clam_robot.exchange.clip import record
from clam_robot.exchange.film_codec import FilmCodec
from clam_robot.exchange.lerobot_import import LeRobotSource
from clam_robot.exchange.lerobot_v3 import LeRobotV3Config, export_lerobot_v3
from clam_robot.exchange.lerobot_v21 import export_lerobot_v21
from clam_robot.specs import CameraSpec
from tests.clam_robot.exchange.comparing import require_same
from tests.clam_robot.exchange.made import CAMERAS, EPISODES, Made, made_spec, record_made

EXPORTS = {"v3.0": export_lerobot_v3, "v2.1": export_lerobot_v21}
FRONT = {"front": CameraSpec(height=48, width=64)}


def _import(source: Path, root: Path) -> None:
    for clip in LeRobotSource(source):
        record(clip, root)


@pytest.mark.parametrize("version", EXPORTS)
@settings(max_examples=10)
@given(cameras=CAMERAS, episodes=EPISODES)
def test_there_and_back_changes_no_number(
    version: str, cameras: dict[str, CameraSpec], episodes: Sequence[Made]
) -> None:
    with TemporaryDirectory() as folder:
        root = Path(folder)
        record_made(root / "before", made_spec(cameras=cameras), episodes)
        EXPORTS[version](EpisodeDataset(root / "before"), root / "there")
        _import(root / "there", root / "after")
        require_same(root / "before", root / "after")


def test_episodes_in_several_files_are_found_again(tmp_path: Path) -> None:
    record_made(tmp_path / "before", made_spec(cameras=FRONT), [Made(length=n, seed=n) for n in (5, 9, 3, 12)])
    small = LeRobotV3Config(data_file_mb=1e-3, video_file_mb=1e-3)
    export_lerobot_v3(EpisodeDataset(tmp_path / "before"), tmp_path / "there", small)
    assert len(list((tmp_path / "there").glob("data/*/*.parquet"))) == 4
    assert len(list((tmp_path / "there").glob("videos/*/*/*.mp4"))) > 1
    _import(tmp_path / "there", tmp_path / "after")
    require_same(tmp_path / "before", tmp_path / "after")


def test_one_entry_vectors_are_scalars_in_the_table(tmp_path: Path) -> None:
    record_made(tmp_path / "before", made_spec(state=1, action=1), [Made(length=4)])
    export_lerobot_v3(EpisodeDataset(tmp_path / "before"), tmp_path / "there")
    schema = pq.read_schema(tmp_path / "there/data/chunk-000/file-000.parquet")
    assert schema.field("observation.state").type == pa.float32()
    _import(tmp_path / "there", tmp_path / "after")
    require_same(tmp_path / "before", tmp_path / "after")


def test_av1_is_read_back(tmp_path: Path) -> None:
    record_made(tmp_path / "before", made_spec(cameras={"front": CameraSpec(height=64, width=96)}), [Made(length=9)])
    export_lerobot_v21(EpisodeDataset(tmp_path / "before"), tmp_path / "there", FilmCodec(name="av1", crf=20))
    _import(tmp_path / "there", tmp_path / "after")
    require_same(tmp_path / "before", tmp_path / "after", decibel=28)


def test_av1_refuses_small_and_odd_pictures(tmp_path: Path) -> None:
    record_made(tmp_path / "before", made_spec(cameras=FRONT), [Made(length=3)])
    with pytest.raises(ConfigError, match="64 pixels, found 48 x 64"):
        export_lerobot_v21(EpisodeDataset(tmp_path / "before"), tmp_path / "there", FilmCodec(name="av1"))
    assert not (tmp_path / "there").exists()


@pytest.mark.parametrize(
    ("version", "files"),
    [
        (
            "v3.0",
            [
                "data/chunk-000/file-000.parquet",
                "meta/clam_robot.json",
                "meta/episodes/chunk-000/file-000.parquet",
                "meta/info.json",
                "meta/stats.json",
                "meta/tasks.parquet",
                "videos/observation.images.front/chunk-000/file-000.mp4",
            ],
        ),
        (
            "v2.1",
            [
                "data/chunk-000/episode_000000.parquet",
                "data/chunk-000/episode_000001.parquet",
                "meta/clam_robot.json",
                "meta/episodes.jsonl",
                "meta/episodes_stats.jsonl",
                "meta/info.json",
                "meta/tasks.jsonl",
                "videos/chunk-000/observation.images.front/episode_000000.mp4",
                "videos/chunk-000/observation.images.front/episode_000001.mp4",
            ],
        ),
    ],
)
def test_the_layout_is_the_one_of_its_version(tmp_path: Path, version: str, files: list[str]) -> None:
    record_made(tmp_path / "before", made_spec(cameras=FRONT), [Made(length=4), Made(length=6, task="push")])
    there = tmp_path / "there"
    EXPORTS[version](EpisodeDataset(tmp_path / "before"), there)
    assert sorted(str(path.relative_to(there)) for path in there.rglob("*") if path.is_file()) == files
    info = json.loads((there / "meta/info.json").read_text())
    assert info["codebase_version"] == version
    assert (info["fps"], info["total_episodes"], info["total_frames"], info["total_tasks"]) == (10, 2, 10, 2)
    assert list(info["features"]) == [
        "observation.state",
        "action",
        "action_requested",
        "action_labeled",
        "next.success",
        "next.return",
        "observation.capture_time",
        "observation.capture_time.front",
        "observation.images.front",
        "timestamp",
        "frame_index",
        "episode_index",
        "index",
        "task_index",
    ]


def test_statistics_are_those_of_the_numbers(tmp_path: Path) -> None:
    record_made(tmp_path / "before", made_spec(cameras=FRONT), [Made(length=5), Made(length=30, seed=1)])
    dataset = EpisodeDataset(tmp_path / "before")
    export_lerobot_v3(dataset, tmp_path / "there")
    found = json.loads((tmp_path / "there/meta/stats.json").read_text())
    state = np.concatenate([episode.state for episode in dataset]).astype(np.float64)
    np.testing.assert_allclose(found["observation.state"]["mean"], state.mean(axis=0), atol=1e-9)
    np.testing.assert_allclose(found["observation.state"]["std"], state.std(axis=0), atol=1e-9)
    np.testing.assert_array_equal(found["observation.state"]["max"], state.max(axis=0))
    assert found["observation.state"]["count"] == [35]
    pixels = np.concatenate([episode.images["front"][:] for episode in dataset]) / 255
    np.testing.assert_allclose(
        np.ravel(found["observation.images.front"]["mean"]), pixels.mean(axis=(0, 1, 2)), atol=1e-6
    )


@pytest.mark.parametrize("version", EXPORTS)
def test_a_data_set_of_another_program_is_read_by_its_features(tmp_path: Path, version: str) -> None:
    record_made(tmp_path / "before", made_spec(cameras=FRONT), [Made(length=8)])
    EXPORTS[version](EpisodeDataset(tmp_path / "before"), tmp_path / "there")
    (tmp_path / "there/meta/clam_robot.json").unlink()
    _import(tmp_path / "there", tmp_path / "after")
    (before,), (after,) = EpisodeDataset(tmp_path / "before"), EpisodeDataset(tmp_path / "after")
    np.testing.assert_array_equal(before.state, after.state)
    np.testing.assert_array_equal(before.action[:-1], after.action[:-1])
    np.testing.assert_allclose(after.time, np.arange(8) / 10, atol=1e-6)
    assert after.spec.state.names == ("s0", "s1", "s2")
    assert after.spec.action.units == ("?", "?")
    assert (after.task, after.source, after.success) == ("reach", "imported", True)


def test_an_export_never_replaces_what_is_there_untold(tmp_path: Path) -> None:
    record_made(tmp_path / "before", made_spec(), [Made(length=4)])
    (tmp_path / "there").mkdir()
    (tmp_path / "there/precious").touch()
    with pytest.raises(EpisodeExists, match="--overwrite"):
        export_lerobot_v3(EpisodeDataset(tmp_path / "before"), tmp_path / "there")
    assert (tmp_path / "there/precious").exists()
    export_lerobot_v3(EpisodeDataset(tmp_path / "before"), tmp_path / "there", overwrite=True)
    assert not (tmp_path / "there/precious").exists()


def test_an_export_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    record_made(tmp_path / "before", made_spec(cameras=FRONT), [Made(length=4), Made(length=40)])
    frames = sorted((tmp_path / "before/episode_000001/images/front").rglob("*"))
    next(path for path in reversed(frames) if path.is_file()).write_bytes(b"broken")
    (tmp_path / "there").mkdir()
    (tmp_path / "there/precious").touch()
    with pytest.raises(Exception, match="episode_000001"):
        export_lerobot_v3(EpisodeDataset(tmp_path / "before"), tmp_path / "there", overwrite=True)
    assert [path.name for path in tmp_path.iterdir()].count(".there.partial") == 0
    assert (tmp_path / "there/precious").exists()


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("meta/info.json", "{}", "not a whole LeRobot data set"),
        ("meta/info.json", '{"codebase_version": "v1.6", "features": {}}', "found v1.6"),
        ("meta/tasks.parquet", "no parquet", "not a whole LeRobot data set"),
        ("data/chunk-000/file-000.parquet", "no parquet", "cannot be read"),
        ("videos/observation.images.front/chunk-000/file-000.mp4", "no film", "cannot be read as a film"),
    ],
)
def test_damage_is_named(tmp_path: Path, file: str, text: str, message: str) -> None:
    record_made(tmp_path / "before", made_spec(cameras=FRONT), [Made(length=4)])
    export_lerobot_v3(EpisodeDataset(tmp_path / "before"), tmp_path / "there")
    (tmp_path / "there" / file).write_text(text)
    with pytest.raises(ExchangeError, match=message):
        _import(tmp_path / "there", tmp_path / "after")
    assert not list((tmp_path / "after").glob("episode_*"))


def test_a_film_that_ends_early_is_refused(tmp_path: Path) -> None:
    record_made(tmp_path / "before", made_spec(cameras=FRONT), [Made(length=4)])
    record_made(tmp_path / "longer", made_spec(cameras=FRONT), [Made(length=9)])
    for name in ("before", "longer"):
        export_lerobot_v21(EpisodeDataset(tmp_path / name), tmp_path / f"{name}_there")
    film = "videos/chunk-000/observation.images.front/episode_000000.mp4"
    (tmp_path / "before_there" / film).replace(tmp_path / "longer_there" / film)
    with pytest.raises(ExchangeError, match="each of 9 rows, found 4"):
        _import(tmp_path / "longer_there", tmp_path / "after")
