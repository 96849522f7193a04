import json
from pathlib import Path

import numpy as np
import pytest
import zarr
from hypothesis import given
from hypothesis import strategies as st
from zarr.codecs import Crc32cCodec

from clam_robot.episodes import array_metadata, frame_file
from clam_robot.episodes.codec import JpegCodec
from clam_robot.episodes.disk import Disk
from clam_robot.episodes.frames import Frames
from clam_robot.episodes.schema import SHARD_ROWS, image_array

SHAPE = (40, 8, 12, 3)


def frames() -> np.ndarray:
    t, y, x = np.meshgrid(np.arange(SHAPE[0]), np.arange(SHAPE[1]), np.arange(SHAPE[2]), indexing="ij")
    return np.stack([5 * t, 100 + 9 * y, 60 + 7 * x], axis=-1).astype(np.uint8)


def write(episode: Path, level: int) -> None:
    folder = episode / image_array("wrist")
    folder.mkdir(parents=True)
    array_metadata.write(folder, frame_file.describe(SHAPE, level), Disk())
    for shard, start in enumerate(range(0, SHAPE[0], SHARD_ROWS)):
        encoded = [frame_file.encode_frame(frame, level) for frame in frames()[start : start + SHARD_ROWS]]
        Disk().replace_file(folder / frame_file.file_name(shard), frame_file.encode_shard(encoded))


@pytest.mark.parametrize("level", [60, 90])
def test_zarr_reads_the_frames_written_here(tmp_path: Path, level: int) -> None:
    write(tmp_path, level)
    array = zarr.open_array(str(tmp_path), path="images/wrist", mode="r")
    found = Frames(tmp_path, "wrist", SHAPE)[:]
    np.testing.assert_array_equal(array[:], found)
    assert np.abs(found.astype(int) - frames()).mean() < 8


def test_frames_that_zarr_wrote_in_this_layout_are_read_here(tmp_path: Path) -> None:
    array = zarr.create_array(
        str(tmp_path),
        name="images/wrist",
        shape=SHAPE,
        chunks=(1, *SHAPE[1:]),
        shards=(SHARD_ROWS, *SHAPE[1:]),
        dtype="uint8",
        serializer=JpegCodec(level=80),
        compressors=Crc32cCodec(),
        chunk_key_encoding={"name": "default", "separator": "."},
        config={"write_empty_chunks": True},
    )
    array[:] = frames()
    np.testing.assert_array_equal(Frames(tmp_path, "wrist", SHAPE)[:], array[:])
    assert json.loads((tmp_path / "images/wrist/zarr.json").read_text()) == frame_file.describe(SHAPE, 80)


def test_a_frame_that_was_never_written_is_named(tmp_path: Path) -> None:
    encoded = [frame_file.encode_frame(frame, 90) for frame in frames()[:3]]
    (tmp_path / "shard").write_bytes(frame_file.encode_shard(encoded))
    out = np.empty((3, *SHAPE[1:]), np.uint8)
    frame_file.read_frames(tmp_path / "shard", [64, 65, 66], list(out))
    with pytest.raises(ValueError, match="row 67: it was never written"):
        frame_file.read_frames(tmp_path / "shard", [65, 67], list(out))


def test_a_frame_of_another_size_is_refused(tmp_path: Path) -> None:
    write(tmp_path, 90)
    shard = tmp_path / "images/wrist" / frame_file.file_name(0)
    shard.write_bytes(frame_file.encode_shard([frame_file.encode_frame(np.zeros((4, 4, 3), np.uint8), 90)]))
    with pytest.raises(ValueError, match=r"row 0: .*shape"):
        frame_file.read_frames(shard, [0], [np.empty(SHAPE[1:], np.uint8)])


@given(content=st.binary(max_size=700), row=st.integers(0, SHARD_ROWS - 1))
def test_reading_noise_never_ends_in_anything_but_the_errors_it_names(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, row: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "noise"
    path.write_bytes(content)
    with pytest.raises((ValueError, RuntimeError)):
        frame_file.read_frames(path, [row], [np.empty(SHAPE[1:], np.uint8)])
