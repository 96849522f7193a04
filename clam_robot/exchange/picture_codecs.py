"""Decoders for the pictures in stores of UMI (JPEG XL) and diffusion policy (JPEG 2000), as numcodecs finds them."""

from typing import Any, ClassVar

import imagecodecs
import numpy as np
from numcodecs.abc import Codec
from numcodecs.registry import register_codec

from clam_robot.errors import ExchangeError

# What numcodecs says of its types fits none of its own codecs.
_Codec: Any = Codec


class _Picture(_Codec):
    """Decodes; what these are encoded with is for the programs that write them."""

    def __init__(self, **settings: object) -> None:
        self._settings = settings

    def get_config(self) -> dict[str, object]:
        return {"id": self.codec_id, **self._settings}

    def encode(self, buf: object) -> bytes:
        raise ExchangeError(f"{self.codec_id} is only read here; write Blosc instead")


class JpegXl(_Picture):
    """JPEG XL."""

    codec_id: ClassVar[str] = "imagecodecs_jpegxl"

    def decode(self, buf: bytes | np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """A picture from its bytes."""
        return _given(imagecodecs.jpegxl_decode(bytes(buf)), out)


class Jpeg2k(_Picture):
    """JPEG 2000."""

    codec_id: ClassVar[str] = "imagecodecs_jpeg2k"

    def decode(self, buf: bytes | np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """A picture from its bytes."""
        return _given(imagecodecs.jpeg2k_decode(bytes(buf)), out)


def _given(picture: np.ndarray, out: np.ndarray | None) -> np.ndarray:
    if out is None:
        return picture
    np.copyto(out, picture.reshape(out.shape))
    return out


def register() -> None:
    """Make them known; may be called twice."""
    for codec in (JpegXl, Jpeg2k):
        register_codec(codec)
