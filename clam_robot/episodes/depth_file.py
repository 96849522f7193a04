"""Depth of camera frames in zarr 3 shards, without loss; any zarr 3 reader opens it.

Compressed as the vectors are, by zstd of the lowest level: of what is in every reader, nothing else was both as small
and as quick (figures in this folder's README).
"""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from jaxtyping import UInt16
from numcodecs.zstd import Zstd  # pyright: ignore[reportUnknownVariableType] (not typed)

from clam_robot.episodes import frame_file

NUM_AXES = 3
"""Of the array: frames, height, width."""

_LEVEL = 1
_DTYPE = np.dtype("<u2")
_zstd = cast(Any, Zstd(level=_LEVEL, checksum=False))


def describe(shape: Sequence[int]) -> dict[str, Any]:
    """The zarr 3 description of the depth of frames, (T, H, W)."""
    return frame_file.describe_shards(
        shape,
        "uint16",
        [
            {"name": "bytes", "configuration": {"endian": "little"}},
            {"name": "zstd", "configuration": {"level": _LEVEL, "checksum": False}},
        ],
    )


def encode_depth(depth: UInt16[np.ndarray, "H W"]) -> bytes:
    """Depth as it stands in a shard, with its checksum."""
    return frame_file.with_checksum(bytes(_zstd.encode(np.ascontiguousarray(depth, _DTYPE))))


def decode_depth(content: bytes, out: UInt16[np.ndarray, "H W"]) -> None:
    """Decode into `out`.

    Raises:
        ValueError, RuntimeError: the content is not what was written, or of another size.
    """
    decoded = np.frombuffer(_zstd.decode(frame_file.without_checksum(content)), _DTYPE)
    if decoded.size != out.size:
        raise ValueError(f"expected depth of {out.size} pixels, found {decoded.size}")
    out[...] = decoded.reshape(out.shape)
