"""JPEG frames inside zarr arrays, for zarr itself and whatever reads episodes with it.

Zarr finds the codec by the entry point of the installed package, or once this module is imported. Reading and writing
episodes here does without zarr, which spares a robot machine its import.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

import imagecodecs
import numpy as np
from zarr.abc.codec import ArrayBytesCodec
from zarr.core.array_spec import ArraySpec
from zarr.core.buffer import Buffer, NDBuffer
from zarr.registry import register_codec

from clam_robot.episodes.schema import JPEG, JPEG_LEVEL
from clam_robot.errors import InvalidImage


@dataclass(frozen=True)
class JpegCodec(ArrayBytesCodec):
    """One RGB frame, chunk shape (1, H, W, 3) uint8, as a JPEG with 4:2:0 chroma.

    Name and configuration are those of the `imagecodecs-zarr` package, so that it reads these arrays too.

    Attributes:
        level: JPEG quality [0 .. 100].
    """

    is_fixed_size = False

    level: int = JPEG_LEVEL

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "JpegCodec":
        """Read the codec's entry in an array's metadata."""
        configuration: dict[str, Any] = data.get("configuration") or {}
        return JpegCodec(**configuration)

    def to_dict(self) -> dict[str, Any]:
        """The codec's entry in an array's metadata."""
        return {"name": JPEG, "configuration": {"level": self.level}}

    def validate(self, *, shape: tuple[int, ...], dtype: Any, chunk_grid: Any) -> None:  # noqa: ANN401 (zarr's own)
        """Refuse arrays that are not RGB frames.

        Raises:
            InvalidImage: says what was expected and found.
        """
        if len(shape) != 4 or shape[-1] != 3 or dtype.to_native_dtype() != np.uint8:
            raise InvalidImage(f"JPEG frames: expected shape (T, H, W, 3) uint8, found {shape} {dtype}")

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: ArraySpec) -> int:
        """Unknown before encoding."""
        raise NotImplementedError

    async def _encode_single(self, chunk_data: NDBuffer, chunk_spec: ArraySpec) -> Buffer:
        frame = chunk_data.as_numpy_array()[0]
        encoded = await asyncio.to_thread(
            imagecodecs.jpeg8_encode, np.ascontiguousarray(frame), level=self.level, subsampling="420"
        )
        return chunk_spec.prototype.buffer.from_bytes(encoded)

    async def _decode_single(self, chunk_data: Buffer, chunk_spec: ArraySpec) -> NDBuffer:
        frame = await asyncio.to_thread(imagecodecs.jpeg8_decode, chunk_data.to_bytes())
        return chunk_spec.prototype.nd_buffer.from_numpy_array(frame.reshape(chunk_spec.shape))


# The package's entry point says the same; this is for a checkout that is not installed.
register_codec(JPEG, JpegCodec)
