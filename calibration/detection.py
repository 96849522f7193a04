"""The board in a picture."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float64, Int64, UInt8

from calibration.board import Board
from calibration.homography import homography

# OpenCV's compiled half has no complete type information.
_CV: Any = cv2
# Fewer tell nothing of a pose and its error.
MIN_CORNERS = 8
# Terms of a cubic in two variables.
_CUBIC = 10


@dataclass(frozen=True, kw_only=True, eq=False)
class Detection:
    """Corners of the board that were found in one picture.

    Attributes:
        ids: their numbers on the board.
        corners: where they are [pixel], the centre of the upper left pixel is (0, 0).
        edge_width: over how many pixels black turns into white; sharp pictures have 1 to 3.
        width: of the picture [pixel].
        height: of the picture [pixel].
    """

    ids: Int64[np.ndarray, "n"]
    corners: Float64[np.ndarray, "n 2"]
    edge_width: float
    width: int
    height: int


class BoardDetector:
    """Finds one board.

    Args:
        board: which.
    """

    def __init__(self, board: Board) -> None:
        self.board = board
        parameters = _CV.aruco.DetectorParameters()
        parameters.cornerRefinementMethod = _CV.aruco.CORNER_REFINE_SUBPIX
        self._detector = _CV.aruco.CharucoDetector(board.layout, detectorParams=parameters)

    def detect(self, image: UInt8[np.ndarray, "H W *colours"]) -> Detection | None:
        """The board's corners, to a fraction of a pixel; None where fewer than `MIN_CORNERS` are seen.

        Args:
            image: RGB or grey.
        """
        grey = _CV.cvtColor(image, _CV.COLOR_RGB2GRAY) if image.ndim == 3 else image
        corners, ids, _, _ = self._detector.detectBoard(grey)
        if ids is None or len(ids) < MIN_CORNERS:
            return None
        height, width = grey.shape
        found = np.asarray(corners, np.float64).reshape(-1, 2)
        return Detection(
            ids=np.asarray(ids, np.int64).reshape(-1),
            corners=found,
            edge_width=_edge_width(grey, found),
            width=width,
            height=height,
        )


def detection_noise(board: Board, detection: Detection) -> float:
    """Standard deviation of the corners along one axis [pixel], from how smoothly they lie; NaN where too few are seen.

    The board's plane maps to the picture by a homography and a lens that bends slowly: what a homography and a cubic
    leave over is noise.
    """
    points = board.points()[detection.ids, :2]
    if len(points) < 2 * _CUBIC:
        return float("nan")
    matrix = homography(points, detection.corners)
    plane = _CV.perspectiveTransform(points[:, np.newaxis], matrix)[:, 0]
    x, y = ((plane - plane.mean(axis=0)) / plane.std(axis=0)).T
    terms = np.stack([x**i * y**j for i in range(4) for j in range(4 - i)], axis=1)
    if np.linalg.matrix_rank(terms) < _CUBIC:
        return float("nan")
    rest = detection.corners - plane
    rest = rest - terms @ np.linalg.lstsq(terms, rest, rcond=None)[0]
    return float(np.sqrt((rest**2).sum() / (2.0 * (len(points) - _CUBIC))))


def _edge_width(grey: UInt8[np.ndarray, "H W"], corners: Float64[np.ndarray, "n 2"]) -> float:
    """Contrast over the steepest slope near the corners [pixel]."""
    low = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0)
    high = np.ceil(corners.max(axis=0)).astype(int) + 1
    area = grey[low[1] : high[1], low[0] : high[0]].astype(np.float32)
    if min(area.shape) < 5:
        return float("inf")
    contrast = float(np.percentile(area, 95) - np.percentile(area, 5))
    slope_x, slope_y = _CV.Sobel(area, _CV.CV_32F, 1, 0) / 8.0, _CV.Sobel(area, _CV.CV_32F, 0, 1) / 8.0
    steepest = float(np.percentile(np.hypot(slope_x, slope_y), 99.5))
    return contrast / steepest if steepest > 0 else float("inf")
