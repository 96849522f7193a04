"""Arrays of vectors and numbers, written and read directly.

Such an array of a short episode is a description and one file. Zarr's asynchronous machinery spends 5 ms on writing and
2 ms on reading each, whatever its size, which for data sets of thousands of episodes is nearly all of the time; the
format itself (https://zarr-specs.readthedocs.io, core 3.1) is a few lines.
"""

from pathlib import Path
from typing import Any, cast

import numpy as np
from numcodecs.zstd import Zstd  # pyright: ignore[reportUnknownVariableType] (not typed)

from clam_robot.episodes import array_metadata
from clam_robot.episodes.schema import CHUNK_ROWS, Column
from clam_robot.errors import DamagedEpisode

_LEVEL = 1
_zstd = cast(Any, Zstd(level=_LEVEL, checksum=True))


def describe(column: Column, num_rows: int) -> dict[str, Any]:
    """The zarr 3 description of an array of `num_rows` rows."""
    return array_metadata.describe_array(
        shape=(num_rows, *column.row),
        file_rows=CHUNK_ROWS,
        dtype=column.dtype,
        fill="NaN" if isinstance(column.fill, float) else column.fill,
        codecs=[
            {"name": "bytes"} if column.dtype == "bool" else {"name": "bytes", "configuration": {"endian": "little"}},
            {"name": "zstd", "configuration": {"level": _LEVEL, "checksum": True}},
        ],
    )


def file_name(column: Column, chunk: int) -> str:
    """Name of the file with the rows from chunk * CHUNK_ROWS on."""
    return array_metadata.file_name(chunk, 1 + len(column.row))


def encode_chunk(column: Column, rows: np.ndarray) -> bytes:
    """The content of a file; missing rows are filled up."""
    chunk = np.full((CHUNK_ROWS, *column.row), column.fill, np.dtype(column.dtype).newbyteorder("<"))
    chunk[: len(rows)] = rows
    return bytes(_zstd.encode(chunk))


def decode_chunk(column: Column, content: bytes) -> np.ndarray:
    """Inverse of `encode_chunk`, (CHUNK_ROWS, ...).

    Raises:
        ValueError, RuntimeError, MemoryError: the content is not what was written.
    """
    decoded = np.frombuffer(_zstd.decode(content), np.dtype(column.dtype).newbyteorder("<"))
    return decoded.reshape((CHUNK_ROWS, *column.row)).astype(column.dtype)


def read(episode: Path, column: Column, num_rows: int) -> np.ndarray:
    """All rows of an array, (num_rows, ...).

    Raises:
        DamagedEpisode: the description or a chunk is missing, unreadable or of another size; says which.
    """
    array_metadata.require(episode, column.name, describe(column, num_rows))
    rows = np.empty((num_rows, *column.row), column.dtype)
    for start in range(0, num_rows, CHUNK_ROWS):
        rows[start : start + CHUNK_ROWS] = read_chunk(episode, column, start // CHUNK_ROWS)[: num_rows - start]
    return rows


def read_chunk(episode: Path, column: Column, chunk: int) -> np.ndarray:
    """One file of an array, (CHUNK_ROWS, ...); what lies beyond the array's end is filled up.

    Raises:
        DamagedEpisode: it is missing, unreadable or of another size; says which.
    """
    name = file_name(column, chunk)
    try:
        return decode_chunk(column, (episode / column.name / name).read_bytes())
    except (OSError, ValueError, RuntimeError, MemoryError) as error:
        raise DamagedEpisode(
            f"{episode}: array {column.name}: chunk {name}, rows from {chunk * CHUNK_ROWS} on, cannot be read "
            f"({error}); restore it from a copy or run `clam repair`"
        ) from error
