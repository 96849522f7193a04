"""Brings pictures to a camera's size."""

import av
import numpy as np
from av.video.reformatter import Interpolation
from jaxtyping import UInt8

from clam_robot.specs import CameraSpec


def fitted(picture: UInt8[np.ndarray, "h w 3"], size: CameraSpec) -> UInt8[np.ndarray, "H W 3"]:
    """The largest part around the middle that has the shape of `size`, scaled to it."""
    height, width = picture.shape[:2]
    kept_height = min(height, max(1, round(width * size.height / size.width)))
    kept_width = min(width, max(1, round(height * size.width / size.height)))
    top, left = (height - kept_height) // 2, (width - kept_width) // 2
    cut = np.ascontiguousarray(picture[top : top + kept_height, left : left + kept_width])
    if cut.shape == size.shape:
        return cut
    frame = av.VideoFrame.from_ndarray(cut, format="rgb24")
    scaled = frame.reformat(width=size.width, height=size.height, interpolation=Interpolation.AREA)
    return scaled.to_ndarray(format="rgb24")
