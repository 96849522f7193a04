"""How a picture shifts from frame to frame, in each cell of a grid."""

from typing import Any

import cv2
import numpy as np
from jaxtyping import Float64, UInt8

from calibration.delay_signals import Sight
from clam_robot.errors import CalibrationError

# OpenCV's compiled half has no complete type information.
_CV: Any = cv2
_WIDTH = 320  # that pictures are looked at with; finer ones take longer and tell little more [pixel]
_COLUMNS, _ROWS = 8, 6


class ImageMotion:
    """Optical flow between successive frames of one camera; where there are edges, they count most.

    Args:
        camera: its name, for messages.
    """

    def __init__(self, camera: str) -> None:
        self._camera = camera
        self._flow = _CV.DISOpticalFlow_create(_CV.DISOPTICAL_FLOW_PRESET_FAST)
        self._before: tuple[float, np.ndarray] | None = None
        self._begin: list[float] = []
        self._end: list[float] = []
        self._moved: list[np.ndarray] = []

    def add(self, time: float, image: UInt8[np.ndarray, "H W *colours"]) -> None:
        """The next frame, RGB or grey.

        Args:
            time: of its capture [s]; one that is not after the frame before is passed over.
            image: of the size of the others.
        """
        if self._before is not None and not time > self._before[0]:
            return
        grey = small_grey(image)
        if self._before is not None:
            begin, last = self._before
            if last.shape != grey.shape:
                raise CalibrationError(f"camera {self._camera}: expected frames of one size; take one recording")
            self._begin.append(begin)
            self._end.append(time)
            self._moved.append(_cells(self._flow.calc(last, grey, None), grey))
        self._before = (time, grey)

    def sight(self) -> Sight:
        """Of all frames so far: the shift along x and y of each cell [pixel of the small picture].

        Raises:
            CalibrationError: fewer than two frames.
        """
        if not self._moved:
            raise CalibrationError(
                f"camera {self._camera}: expected frames, found fewer than two; does "
                "it send any? else film longer (--swing.seconds)"
            )
        return Sight(
            begin=np.array(self._begin),
            end=np.array(self._end),
            values=np.array(self._moved),
            kind=f"camera {self._camera}",
        )


def small_grey(image: UInt8[np.ndarray, "H W *colours"]) -> UInt8[np.ndarray, "h w"]:
    """A picture as small as motion is looked for in, grey."""
    grey = _CV.cvtColor(image, _CV.COLOR_RGB2GRAY) if image.ndim == 3 else image
    height, width = grey.shape
    if width <= _WIDTH:
        return np.ascontiguousarray(grey)
    return _CV.resize(grey, (_WIDTH, round(height * _WIDTH / width)), interpolation=_CV.INTER_AREA)


def _cells(flow: np.ndarray, grey: np.ndarray) -> Float64[np.ndarray, "channels"]:
    """Mean flow of each cell; a pixel counts by how much the picture changes there, as flow is only seen at edges."""
    slope = _CV.Sobel(grey, _CV.CV_32F, 1, 0) ** 2 + _CV.Sobel(grey, _CV.CV_32F, 0, 1) ** 2 + 1.0
    size, how = (_COLUMNS, _ROWS), _CV.INTER_AREA
    weight = _CV.resize(slope, size, interpolation=how)
    along = [_CV.resize(flow[..., axis] * slope, size, interpolation=how) / weight for axis in (0, 1)]
    return np.stack(along, axis=-1).ravel().astype(np.float64)
