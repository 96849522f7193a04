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
    is_bool = column.dtype == "bool"
    return array_metadata.describe_array(
        shape=(num_rows, *column.row),
        file_rows=CHUNK_ROWS,
        dtype=column.dtype,
        fill=False if is_bool else "NaN",
        codecs=[
            {"name": "bytes"} if is_bool else {"name": "bytes", "configuration": {"endian": "little"}},
            {"name": "zstd", "configuration": {"level": _LEVEL, "checksum": True}},
        ],
    )


def file_name(column: Column, chunk: int) -> str:
    """Name of the file with the rows from chunk * CHUNK_ROWS on."""
    return array_metadata.file_name(chunk, 1 + len(column.row))


def encode_chunk(column: Column, rows: np.ndarray) -> bytes:
    """The content of a file; missing rows are filled up."""
    fill = False if column.dtype == "bool" else np.nan
    chunk = np.full((CHUNK_ROWS, *column.row), fill, np.dtype(column.dtype).newbyteorder("<"))
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
        name = file_name(column, start // CHUNK_ROWS)
        try:
            chunk = decode_chunk(column, (episode / column.name / name).read_bytes())
        except (OSError, ValueError, RuntimeError, MemoryError) as error:
            raise DamagedEpisode(
                f"{episode}: array {column.name}: chunk {name}, rows from {start} on, cannot be read ({error}); "
                "restore or delete the episode"
            ) from error
        rows[start : start + CHUNK_ROWS] = chunk[: num_rows - start]
    return rows
