"""Images as JPEG files, from whoever sends them."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from policy_server.jpeg import decode_jpeg, encode_jpeg
from policy_server.packing import MalformedMessage

SHAPE = (24, 32, 3)


def smooth_image() -> np.ndarray:
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    return np.stack([rows * 10, columns * 7, rows * 5 + columns * 3], axis=2).astype(np.uint8)


def file_of(mode: str, size: tuple[int, int] = (SHAPE[1], SHAPE[0])) -> bytes:
    file = io.BytesIO()
    Image.new(mode, size, 128 if mode == "L" else (128,) * len(mode)).save(file, "JPEG")
    return file.getvalue()


def announcing(height: int, width: int) -> bytes:
    """A small file whose header says that its image is of another size."""
    data = bytearray(file_of("RGB"))
    start = data.index(b"\xff\xc0") + 5
    data[start : start + 4] = height.to_bytes(2) + width.to_bytes(2)
    return bytes(data)


def test_an_image_comes_back_nearly_as_it_was() -> None:
    image = smooth_image()
    found = decode_jpeg(encode_jpeg(image, 100), SHAPE, "front")
    assert found.dtype == np.uint8
    assert found.flags.c_contiguous
    assert found.flags.writeable
    assert np.abs(found.astype(int) - image).max() <= 24
    assert np.abs(found.astype(int) - image).mean() < 3.0


def test_the_channels_are_red_green_blue() -> None:
    red = np.zeros(SHAPE, np.uint8)
    red[:, :, 0] = 255
    found = decode_jpeg(encode_jpeg(red), SHAPE, "front")
    assert found[:, :, 0].min() > 200
    assert found[:, :, 1:].max() < 60


def test_worse_quality_is_smaller() -> None:
    noise = np.random.default_rng(0).integers(0, 256, SHAPE, np.uint8)
    assert len(encode_jpeg(noise, 30)) < len(encode_jpeg(noise, 95))


def test_a_grey_file_becomes_an_rgb_image() -> None:
    found = decode_jpeg(file_of("L"), SHAPE, "front")
    assert found.shape == SHAPE
    assert np.all(found == found[:, :, :1])


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "front: expected a JPEG, found 0 bytes that are none"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "found 58 bytes that are none"),
        (file_of("RGB", (32, 23)), "front: expected a JPEG of 24 x 32, found 23 x 32"),
        (file_of("RGB", (24, 32)), "found 32 x 24"),
        (file_of("CMYK"), r"front: expected a whole JPEG, found a damaged one \(Unsupported color"),
        (encode_jpeg(smooth_image())[:-40], "front: expected a whole JPEG, found one that ends early"),
        (encode_jpeg(smooth_image())[:-40] + bytes(8), "found one that ends early"),
        (announcing(9_000, 9_000), "front: expected a JPEG of 24 x 32, found 9000 x 9000"),
        (announcing(9_500, 9_500), "expected a JPEG"),  # so many pixels that Pillow warns
        (announcing(65_000, 65_000), "expected a JPEG"),  # and here it refuses
    ],
)
def test_what_is_not_the_image_is_named(data: bytes, complaint: str) -> None:
    with pytest.raises(MalformedMessage, match=complaint):
        decode_jpeg(data, SHAPE, "front")


@given(data=st.data())
def test_a_damaged_file_is_an_image_of_the_size_or_refused_in_words(data: st.DataObject) -> None:
    file = bytearray(encode_jpeg(smooth_image()))
    for _ in range(data.draw(st.integers(1, 6))):
        file[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert decode_jpeg(bytes(file), SHAPE, "front").shape == SHAPE
    except MalformedMessage as refusal:
        assert str(refusal).startswith("front: expected")
