import json
import warnings
from pathlib import Path

import numpy as np
import pytest
import zarr
from hypothesis import given
from hypothesis import strategies as st
from zarr.codecs import ZstdCodec

from clam_robot.episodes import array_metadata, column_file
from clam_robot.episodes.disk import Disk
from clam_robot.episodes.schema import CHUNK_ROWS, Column

COLUMNS = [
    Column(name="x", dtype="float64"),
    Column(name="x", dtype="float32", row=(5,)),
    Column(name="x", dtype="bool"),
]


def write(folder: Path, column: Column, values: np.ndarray) -> None:
    (folder / column.name).mkdir()
    array_metadata.write(folder / column.name, column_file.describe(column, len(values)), Disk())
    for chunk, start in enumerate(range(0, len(values), CHUNK_ROWS)):
        content = column_file.encode_chunk(column, values[start : start + CHUNK_ROWS])
        Disk().replace_file(folder / column.name / column_file.file_name(column, chunk), content)


def values_of(column: Column, num_rows: int) -> np.ndarray:
    return np.random.default_rng(num_rows).normal(size=(num_rows, *column.row)).astype(column.dtype)


@pytest.mark.parametrize("num_rows", [0, 1, CHUNK_ROWS, CHUNK_ROWS + 1, 600])
@pytest.mark.parametrize("column", COLUMNS, ids=str)
def test_zarr_reads_what_is_written_here(tmp_path: Path, column: Column, num_rows: int) -> None:
    values = values_of(column, num_rows)
    write(tmp_path, column, values)
    array = zarr.open_array(str(tmp_path), path="x", mode="r")
    assert array.dtype == column.dtype
    np.testing.assert_array_equal(array[:], values)


@pytest.mark.parametrize("column", COLUMNS, ids=str)
def test_what_zarr_writes_in_this_layout_is_read_here(tmp_path: Path, column: Column) -> None:
    values = values_of(column, 300)
    array = zarr.create_array(
        str(tmp_path),
        name="x",
        shape=values.shape,
        chunks=(CHUNK_ROWS, *column.row),
        dtype=column.dtype,
        fill_value=False if column.dtype == "bool" else np.nan,
        compressors=ZstdCodec(level=1, checksum=True),
        chunk_key_encoding={"name": "default", "separator": "."},
    )
    array[:] = values
    np.testing.assert_array_equal(column_file.read(tmp_path, column, 300), values)
    assert json.loads((tmp_path / "x/zarr.json").read_text()) == column_file.describe(column, 300)


@given(content=st.binary(max_size=200))
def test_decoding_noise_never_ends_in_anything_but_the_errors_it_names(content: bytes) -> None:
    with warnings.catch_warnings(), pytest.raises((ValueError, RuntimeError)):
        column_file.decode_chunk(COLUMNS[0], content)


def test_a_kill_between_two_writes_leaves_the_old_file(tmp_path: Path) -> None:
    Disk().replace_file(tmp_path / "c.0", b"old")
    (tmp_path / "c.0.partial").write_bytes(b"ne")
    assert (tmp_path / "c.0").read_bytes() == b"old"
    Disk().replace_file(tmp_path / "c.0", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["c.0"]
