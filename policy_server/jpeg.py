"""Images as JPEG files: a fifteenth of the bytes, for a millisecond at either end."""

import io

import imagecodecs
import numpy as np
from jaxtyping import UInt8

from policy_server.packing import MalformedMessage

QUALITY = 90

_END = b"\xff\xd9"


def encode_jpeg(image: UInt8[np.ndarray, "H W 3"], quality: int = QUALITY) -> bytes:
    """The file of an RGB image."""
    return bytes(imagecodecs.jpeg8_encode(image, level=quality))


def decode_jpeg(data: bytes, shape: tuple[int, int, int], what: str) -> UInt8[np.ndarray, "H W 3"]:
    """The RGB image of a file whose size is known before: a small file can announce an image that no memory holds.

    Args:
        shape: expected (H, W, 3).
        what: names the image in errors.

    Raises:
        MalformedMessage: no JPEG, a damaged one, or one of another size.
    """
    from PIL import Image  # not needed by clients

    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as file:  # reads the header only
            width, height = file.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise MalformedMessage(f"{what}: expected a JPEG, found {len(data)} bytes that are none") from None
    if (height, width) != shape[:2]:
        raise MalformedMessage(f"{what}: expected a JPEG of {shape[0]} x {shape[1]}, found {height} x {width}")
    if not data.rstrip(b"\0").endswith(_END):  # decoders fill in grey what is missing
        raise MalformedMessage(f"{what}: expected a whole JPEG, found one that ends early")
    try:
        image = imagecodecs.jpeg8_decode(data, outcolorspace="RGB")
    except (imagecodecs.Jpeg8Error, ValueError, RuntimeError) as error:
        raise MalformedMessage(f"{what}: expected a whole JPEG, found a damaged one ({error})") from None
    return np.ascontiguousarray(image)
