"""Small pictures that a page holds within itself."""

import base64
import io
from collections.abc import Mapping

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from clam_robot.episodes.reader import Episode

_HEIGHT = 96
_QUALITY = 75


def thumbnails(episode: Episode) -> Mapping[str, tuple[str, ...]]:
    """The first, middle and last frame of every camera, as data URLs.

    Raises:
        DamagedEpisode: a frame cannot be read.
    """
    rows = sorted({0, len(episode) // 2, len(episode) - 1})
    return {camera: tuple(_url(frames[row]) for row in rows) for camera, frames in episode.images.items()}


def _url(frame: UInt8[np.ndarray, "H W 3"]) -> str:
    picture = Image.fromarray(frame)
    picture.thumbnail((_HEIGHT * 2, _HEIGHT))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=_QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode()
