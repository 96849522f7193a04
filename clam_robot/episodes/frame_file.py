"""Camera frames in zarr 3 shards, pictures as JPEGs, written and read directly; depth is in `depth_file`.

Each frame is encoded when it comes and waits as a JPEG until its shard is whole, so a recording costs the same in every
period. Through zarr a whole shard is encoded in one go, for which the raw frames have to be kept (29 MB a camera) and
other threads to wait. The layout is the `sharding_indexed` codec of the specification with the index at the end.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

import google_crc32c
import imagecodecs
import numpy as np

from clam_robot.episodes import array_metadata
from clam_robot.episodes.schema import JPEG, JPEG_LEVEL, SHARD_ROWS

_CHECKSUM_BYTES = 4
_INDEX_BYTES = 16 * SHARD_ROWS + _CHECKSUM_BYTES
_MISSING = np.uint64(2**64 - 1)


def describe(shape: Sequence[int], level: int) -> dict[str, Any]:
    """The zarr 3 description of an array of frames, shape (T, H, W, 3), of a JPEG quality [0 .. 100]."""
    return describe_shards(shape, "uint8", [{"name": JPEG, "configuration": {"level": level}}])


def describe_shards(shape: Sequence[int], dtype: str, codecs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The zarr 3 description of an array with one frame a chunk and SHARD_ROWS frames a file.

    Args:
        shape: of all frames, (T, ...).
        dtype: of a pixel.
        codecs: of a frame, before its checksum.
    """
    sharding = {
        "chunk_shape": [1, *shape[1:]],
        "codecs": [*codecs, {"name": "crc32c"}],
        "index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}],
        "index_location": "end",
    }
    return array_metadata.describe_array(
        shape=shape,
        file_rows=SHARD_ROWS,
        dtype=dtype,
        fill=0,
        codecs=[{"name": "sharding_indexed", "configuration": sharding}],
    )


def jpeg_level(description: dict[str, Any]) -> int:
    """The JPEG quality that a description gives; the usual one where it is none of ours."""
    try:
        return description["codecs"][0]["configuration"]["codecs"][0]["configuration"]["level"]
    except (LookupError, TypeError):
        return JPEG_LEVEL


def file_name(shard: int, num_axes: int = 4) -> str:
    """Name of the file with the frames from shard * SHARD_ROWS on; depth has 3 axes."""
    return array_metadata.file_name(shard, num_axes)


def encode_frame(frame: np.ndarray, level: int) -> bytes:
    """A frame (H, W, 3) as it stands in a shard: JPEG with 4:2:0 chroma, then its checksum."""
    return with_checksum(bytes(imagecodecs.jpeg8_encode(frame, level=level, subsampling="420")))


def decode_frame(content: bytes, out: np.ndarray) -> None:
    """Decode into `out` (H, W, 3).

    Raises:
        ValueError, RuntimeError: the content is not what was written, or of another size.
    """
    imagecodecs.jpeg8_decode(without_checksum(content), out=out)


def encode_shard(frames: Sequence[bytes]) -> bytes:
    """The content of a file; frames beyond the last are marked as missing."""
    index = np.full((SHARD_ROWS, 2), _MISSING, "<u8")
    sizes = np.array([len(frame) for frame in frames], "<u8")
    index[: len(frames), 0] = np.cumsum(sizes) - sizes
    index[: len(frames), 1] = sizes
    return b"".join([*frames, with_checksum(index.tobytes())])


def read_frames(
    path: Path,
    rows: Sequence[int],
    out: Sequence[np.ndarray],
    decode: Callable[[bytes, np.ndarray], None] = decode_frame,
) -> None:
    """Decode frames of a shard.

    Args:
        path: file of the shard.
        rows: which rows of the array, all of them in this shard.
        out: where each goes, (H, W, 3) C-contiguous.
        decode: a frame as it stands there, to where it goes.

    Raises:
        OSError: the file is missing or unreadable.
        ValueError, RuntimeError: the content is not what was written; the message names the row.
    """
    with path.open("rb") as file:
        index, size = _index(file)
        for place, row in enumerate(rows):
            offset, length = index[row % SHARD_ROWS].tolist()
            if offset + length > size - _INDEX_BYTES:
                raise ValueError(f"row {row}: it was never written")
            file.seek(offset)
            try:
                decode(file.read(length), out[place])
            except (ValueError, RuntimeError) as error:
                raise ValueError(f"row {row}: {error}") from error


def num_frames(path: Path) -> int:
    """How many frames a shard holds, whole or not.

    Raises:
        OSError: the file is missing or unreadable.
        ValueError: the content is not what was written.
    """
    with path.open("rb") as file:
        index, _ = _index(file)
    return int((index[:, 0] != _MISSING).sum())


def read_encoded(path: Path, rows: Sequence[int]) -> list[bytes]:
    """Frames of a shard as they stand in it.

    Raises:
        OSError, ValueError: as `num_frames`.
    """
    frames: list[bytes] = []
    with path.open("rb") as file:
        index, _ = _index(file)
        for row in rows:
            offset, length = index[row % SHARD_ROWS].tolist()
            file.seek(offset)
            frames.append(file.read(length))
    return frames


def _index(file: BinaryIO) -> tuple[np.ndarray, int]:
    """Where each frame is, (SHARD_ROWS, 2) offset and length, and the size of the file [bytes]."""
    size = file.seek(0, 2)
    if size < _INDEX_BYTES:
        raise ValueError(f"{size} bytes are too few for a shard")
    file.seek(size - _INDEX_BYTES)
    return np.frombuffer(without_checksum(file.read(_INDEX_BYTES)), "<u8").reshape(SHARD_ROWS, 2), size


def with_checksum(content: bytes) -> bytes:
    """A content and its checksum, as zarr's codec `crc32c` has them."""
    return content + _checksum(content)


def without_checksum(content: bytes) -> bytes:
    """Inverse of `with_checksum`.

    Raises:
        ValueError: the checksum does not fit.
    """
    inner, checksum = content[:-_CHECKSUM_BYTES], content[-_CHECKSUM_BYTES:]
    if _checksum(inner) != checksum:
        raise ValueError("the checksum does not fit")
    return inner


def _checksum(content: bytes) -> bytes:
    value = cast(Any, google_crc32c).value(content)
    return int(value).to_bytes(_CHECKSUM_BYTES, "little")
