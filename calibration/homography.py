"""Plane to picture."""

from typing import Any

import cv2
import numpy as np
from jaxtyping import Float64

from clam_robot.errors import CalibrationError

# OpenCV's compiled half has no complete type information.
_CV: Any = cv2


def homography(plane: Float64[np.ndarray, "n 2"], picture: Float64[np.ndarray, "n 2"]) -> Float64[np.ndarray, "3 3"]:
    """The homography from points of a plane to a picture, by least squares.

    Raises:
        CalibrationError: the points lie on a line.
    """
    matrix, _ = _CV.findHomography(plane, picture)
    if matrix is None:
        raise CalibrationError("the corners that were found lie on a line; show more of the board")
    return np.asarray(matrix, np.float64)
