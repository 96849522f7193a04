"""Small arrays as plain zarr 3 files, written and read directly.

A vector array of an episode is one metadata file and a few chunks. Zarr's asynchronous machinery spends 5 ms on writing
and 2 ms on reading each, whatever its size, which for data sets of thousands of short episodes is nearly all of the
time; the format itself is a few lines. Frames, where zarr's own work is small beside the encoding, go through zarr.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numcodecs.zstd import Zstd

from clam_robot.episodes.schema import CHUNK_ROWS, METADATA, Column
from clam_robot.errors import DamagedEpisode

_LEVEL = 1
_zstd = Zstd(level=_LEVEL, checksum=True)


def metadata(column: Column, num_rows: int) -> dict[str, Any]:
    """The zarr 3 description of an array of `num_rows` rows."""
    is_bool = column.dtype == "bool"
    return {
        "shape": [num_rows, *column.row],
        "data_type": column.dtype,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [CHUNK_ROWS, *column.row]}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "."}},
        "fill_value": False if is_bool else "NaN",
        "codecs": [
            {"name": "bytes"} if is_bool else {"name": "bytes", "configuration": {"endian": "little"}},
            {"name": "zstd", "configuration": {"level": _LEVEL, "checksum": True}},
        ],
        "attributes": {},
        "zarr_format": 3,
        "node_type": "array",
        "storage_transformers": [],
    }


def chunk_name(column: Column, chunk: int) -> str:
    """File name of a chunk; chunk k holds the rows from k * CHUNK_ROWS on."""
    return ".".join(["c", str(chunk), *("0" for _ in column.row)])


def encode_chunk(column: Column, rows: np.ndarray) -> bytes:
    """The content of a chunk file; missing rows are filled up."""
    fill = False if column.dtype == "bool" else np.nan
    chunk = np.full((CHUNK_ROWS, *column.row), fill, np.dtype(column.dtype).newbyteorder("<"))
    chunk[: len(rows)] = rows
    return bytes(_zstd.encode(chunk))


def decode_chunk(column: Column, content: bytes) -> np.ndarray:
    """Inverse of `encode_chunk`, (CHUNK_ROWS, ...).

    Raises:
        ValueError, RuntimeError: the content is not what was written.
    """
    decoded = np.frombuffer(_zstd.decode(content), np.dtype(column.dtype).newbyteorder("<"))
    return decoded.reshape((CHUNK_ROWS, *column.row)).astype(column.dtype)


def write_metadata(folder: Path, content: dict[str, Any]) -> None:
    """Describe the group or array `folder`."""
    write_file(folder / METADATA, json.dumps(content).encode())


def write_file(path: Path, content: bytes) -> None:
    """Write so that a kill leaves either the old file or the new one."""
    temporary = path.with_name(f"{path.name}.partial")
    temporary.write_bytes(content)
    temporary.replace(path)


def read(episode: Path, column: Column, num_rows: int) -> np.ndarray:
    """All rows of an array, (num_rows, ...).

    Raises:
        DamagedEpisode: the description or a chunk is missing, unreadable or of another size; says which.
    """
    where = f"{episode}: array {column.name}"
    folder = episode / column.name
    try:
        found: dict[str, Any] = dict(json.loads((folder / METADATA).read_bytes()))
    except (OSError, ValueError, TypeError) as error:
        raise DamagedEpisode(f"{where}: cannot be read ({error}); restore or delete the episode") from error
    expected = metadata(column, num_rows)
    for key in ("shape", "data_type", "chunk_grid", "chunk_key_encoding", "codecs"):
        if found.get(key) != expected[key]:
            raise DamagedEpisode(f"{where}: expected {key} {expected[key]}, found {found.get(key)}")
    rows = np.empty((num_rows, *column.row), column.dtype)
    for start in range(0, num_rows, CHUNK_ROWS):
        name = chunk_name(column, start // CHUNK_ROWS)
        try:
            chunk = decode_chunk(column, (folder / name).read_bytes())
        except (OSError, ValueError, RuntimeError, MemoryError) as error:
            raise DamagedEpisode(
                f"{where}: chunk {name}, rows from {start} on, cannot be read ({error}); restore or delete the episode"
            ) from error
        rows[start : start + CHUNK_ROWS] = chunk[: num_rows - start]
    return rows
