import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from clam_robot.episodes import Episode
from clam_robot.episodes.column_file import encode_chunk, file_name
from clam_robot.episodes.schema import Column, columns, image_time_column
from clam_robot.errors import DamagedEpisode, EpisodeError, UnknownSchema
from clam_robot.specs import RobotSpec


@pytest.fixture(scope="module")
def recorded(
    tmp_path_factory: pytest.TempPathFactory, make_spec: Callable[..., RobotSpec], record: Callable[..., Path]
) -> Path:
    return record(tmp_path_factory.mktemp("recorded"), make_spec(cameras={"wrist": (16, 24)}), 70)


@pytest.fixture
def path(tmp_path: Path, recorded: Path) -> Path:
    return shutil.copytree(recorded, tmp_path / recorded.name)


def edit_attributes(path: Path, **changes: object) -> None:
    content = json.loads((path / "zarr.json").read_text())
    content["attributes"].update(changes)
    (path / "zarr.json").write_text(json.dumps(content))


def data_files(path: Path) -> Iterator[Path]:
    """Every file that holds numbers or pixels."""
    return (file for file in sorted(path.rglob("c.*")) if file.is_file())


def test_opening_reads_no_array(path: Path) -> None:
    for file in data_files(path):
        file.unlink()
    episode = Episode(path)
    assert (len(episode), episode.task, episode.source) == (70, "reach", "play")
    assert repr(episode) == f"Episode('{path}', length=70)"
    assert len(episode.images["wrist"]) == 70


@pytest.mark.parametrize("version", [3, 0, "1", None])
def test_an_unknown_schema_version_is_refused(path: Path, version: object) -> None:
    edit_attributes(path, schema_version=version, software="clam-robot 9.9")
    with pytest.raises(UnknownSchema, match=rf"episode_000000: expected schema version 2, found {version}.*9\.9"):
        Episode(path)


@pytest.mark.parametrize("num_frames", [{}, {"over": 70}, {"wrist": 70, "over": 70}])
def test_frames_of_other_cameras_than_the_robot_has_are_refused(path: Path, num_frames: dict[str, int]) -> None:
    edit_attributes(path, num_frames=num_frames)
    with pytest.raises(DamagedEpisode, match="expected num_frames of cameras wrist, found"):
        Episode(path)


def test_attributes_of_other_programs_are_passed_over(path: Path) -> None:
    edit_attributes(path, annotation={"quality": "good"})
    assert Episode(path).length == 70


@pytest.mark.parametrize("name", ["spec", "length", "task", "recording", "success"])
def test_a_missing_attribute_is_named(path: Path, name: str) -> None:
    content = json.loads((path / "zarr.json").read_text())
    del content["attributes"][name]
    (path / "zarr.json").write_text(json.dumps(content))
    with pytest.raises(DamagedEpisode, match=f"episode_000000.*'{name}' is missing"):
        Episode(path)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"attributes": 3}', '{"attributes": null}', "\x00" * 40])
def test_attributes_that_are_not_attributes_are_refused(path: Path, content: str) -> None:
    (path / "zarr.json").write_text(content)
    with pytest.raises(DamagedEpisode, match=r"episode_000000.*set it aside with `clam repair`"):
        Episode(path)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DamagedEpisode, match="No such file"):
        Episode(tmp_path / "nothing")


@pytest.mark.parametrize("name", ["time", "state", "action", "action_labeled", "image_time/wrist", "images/wrist"])
def test_a_missing_array_is_named(path: Path, name: str) -> None:
    (path / name / "zarr.json").unlink()
    with pytest.raises(DamagedEpisode, match=f"episode_000000: array {name}: cannot be read"):
        Episode(path).check()


def find(path: Path, name: str) -> Column:
    return next(column for column in (*columns(Episode(path).spec), image_time_column("wrist")) if column.name == name)


@pytest.mark.parametrize("name", ["time", "state", "action", "action_labeled", "image_time/wrist"])
def test_a_missing_chunk_is_named_instead_of_read_as_nothing(path: Path, name: str) -> None:
    chunk = file_name(find(path, name), 0)
    (path / name / chunk).unlink()
    with pytest.raises(DamagedEpisode, match=f"episode_000000: array {name}: chunk {chunk}, rows from 0 on"):
        Episode(path).check()


def test_a_missing_shard_is_named_instead_of_read_as_black(path: Path) -> None:
    (path / "images/wrist/c.1.0.0.0").unlink()
    frames = Episode(path).images["wrist"]
    assert frames[:32].shape == (32, 16, 24, 3)
    with pytest.raises(
        DamagedEpisode, match=r"array images/wrist: shard c\.1\.0\.0\.0, rows from 32 on, cannot be read.*No such file"
    ):
        frames[30:40]


def test_a_corrupt_frame_is_named_and_its_neighbours_stay_readable(path: Path) -> None:
    shard = path / "images/wrist/c.1.0.0.0"
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    shard.write_bytes(content)
    frames = Episode(path).images["wrist"]
    damaged = []
    for row in range(70):
        try:
            assert frames[row].shape == (16, 24, 3)
        except DamagedEpisode as error:
            assert f"images/wrist: shard c.1.0.0.0, rows from 32 on, cannot be read (row {row}: the checksum" in str(
                error
            )
            damaged.append(row)
    assert len(damaged) == 1
    with pytest.raises(DamagedEpisode, match=f"row {damaged[0]}:"):
        frames[32:64]


def everything(episode: Episode) -> list[np.ndarray]:
    names = ("time", "state", "action", "action_requested", "action_labeled", "row_success", "episode_return")
    arrays = [getattr(episode, name) for name in names]
    return [*arrays, episode.image_times["wrist"], episode.images["wrist"][:]]


def test_a_flipped_bit_or_a_cut_is_noticed_or_changes_nothing(path: Path) -> None:
    rng = np.random.default_rng(0)
    whole = everything(Episode(path))
    num_noticed = 0
    for file in data_files(path):
        content = file.read_bytes()
        for _ in range(6):
            broken = bytearray(content)
            broken[rng.integers(len(broken))] ^= 1 << rng.integers(8)
            file.write_bytes(broken)
            try:
                for found, expected in zip(everything(Episode(path)), whole, strict=True):
                    np.testing.assert_array_equal(found, expected)
            except DamagedEpisode as error:
                assert file.name in str(error)
                num_noticed += 1
        for size in (0, 1, len(content) // 2, len(content) - 1):
            file.write_bytes(content[:size])
            with pytest.raises(DamagedEpisode, match=file.name):
                Episode(path).check()
        file.write_bytes(content)
    assert num_noticed > 45
    Episode(path).check()


@pytest.mark.parametrize(("name", "length"), [("state", 69), ("time", 71), ("images/wrist", 71), ("images/wrist", 69)])
def test_row_counts_that_disagree_are_refused(path: Path, name: str, length: int) -> None:
    file = path / name / "zarr.json"
    content = json.loads(file.read_text())
    content["shape"][0] = length
    file.write_text(json.dumps(content))
    with pytest.raises(DamagedEpisode, match=rf"array {name}: expected .*70.*, found .*{length}"):
        Episode(path).check()


def test_a_row_without_a_time_is_refused(path: Path) -> None:
    column = find(path, "time")
    time = np.arange(70.0)
    time[41] = np.nan
    (path / "time" / file_name(column, 0)).write_bytes(encode_chunk(column, time))
    with pytest.raises(DamagedEpisode, match="episode_000000: array time: row 41 was never written"):
        _ = Episode(path).time


def test_a_length_beyond_the_rows_is_refused(path: Path) -> None:
    edit_attributes(path, length=71)
    with pytest.raises(EpisodeError, match="71"):
        Episode(path).check()


def test_a_spec_that_does_not_fit_the_arrays_is_refused(path: Path, make_spec: Callable[..., RobotSpec]) -> None:
    edit_attributes(path, spec=make_spec(state=4, cameras={"wrist": (16, 24)}).to_dict())
    with pytest.raises(DamagedEpisode, match=r"array state: expected shape \[70, 4\], found \[70, 3\]"):
        Episode(path).check()


@pytest.mark.parametrize(
    "rows",
    [
        0,
        -1,
        np.int64(5),
        slice(None),
        slice(3, 40, 5),
        slice(5, 5),
        slice(40, 30, -1),
        np.array([60, 2, 2, 33]),
    ],
    ids=str,
)
def test_frames_are_indexed_as_an_array_is(path: Path, rows: object) -> None:
    frames = Episode(path).images["wrist"]
    whole = frames[:]
    assert (whole.shape, frames.shape, frames.dtype) == ((70, 16, 24, 3), (70, 16, 24, 3), np.uint8)
    np.testing.assert_array_equal(frames[rows], whole[rows])


@pytest.mark.parametrize("row", [70, -71])
def test_a_frame_that_is_not_there_is_an_index_error(path: Path, row: int) -> None:
    with pytest.raises(IndexError):
        Episode(path).images["wrist"][row]
