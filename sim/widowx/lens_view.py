"""What a lens makes of a picture that MuJoCo drew without one."""

from typing import Any

import cv2
import numpy as np
from jaxtyping import UInt8

from clam_robot.hardware.calibration.intrinsics import Intrinsics

# OpenCV's compiled half has no type information.
_CV: Any = cv2
# Drawn finer than the picture, so that edges fall between pixels as light does.
_FINER = 2
# Undistorted pictures are this much wider than the distorted ones.
_WIDER = 1.25


class LensView:
    """Draws finer and wider than is asked for, and bends that as the lens does.

    Args:
        lens: of the camera.

    Attributes:
        fovy: the vertical field of view to draw with [degree].
        height: of what is drawn [pixel].
        width: of it [pixel].
    """

    def __init__(self, lens: Intrinsics) -> None:
        self._lens = lens
        self.height, self.width = _FINER * lens.height, _FINER * lens.width
        self.fovy = float(np.degrees(2.0 * np.arctan(0.5 * _WIDER * lens.height / lens.fy)))
        self._map = self._places()

    def seen(self, drawn: UInt8[np.ndarray, "height width 3"]) -> UInt8[np.ndarray, "H W 3"]:
        """What the camera sees."""
        fine = _CV.remap(drawn, *self._map, _CV.INTER_LINEAR, borderMode=_CV.BORDER_REPLICATE)
        size = (self._lens.width, self._lens.height)
        return np.ascontiguousarray(_CV.resize(fine, size, interpolation=_CV.INTER_AREA))

    def _places(self) -> tuple[np.ndarray, np.ndarray]:
        """For each fine pixel of the lens's picture, where it is in the drawn one."""
        lens = self._lens
        y, x = np.mgrid[: self.height, : self.width].astype(np.float64)
        # Pixel centres are whole numbers in both the fine and the coarse picture.
        points = np.stack([(x + 0.5) / _FINER - 0.5, (y + 0.5) / _FINER - 0.5], axis=-1).reshape(-1, 1, 2)
        straight = _CV.undistortPoints(
            points,
            lens.matrix,
            lens.coefficients,
            criteria=(_CV.TERM_CRITERIA_EPS | _CV.TERM_CRITERIA_MAX_ITER, 50, 1e-10),
        )
        focal = _FINER * lens.fy / _WIDER
        middle = 0.5 * np.array([self.width - 1, self.height - 1])
        drawn = (focal * straight.reshape(*x.shape, 2) + middle).astype(np.float32)
        return np.ascontiguousarray(drawn[..., 0]), np.ascontiguousarray(drawn[..., 1])
