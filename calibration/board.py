"""The board that is looked at: a ChArUco chessboard of known size."""

from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from jaxtyping import Float64, UInt8

from clam_robot import config
from clam_robot.errors import ConfigError

# OpenCV's compiled half has no complete type information.
_ARUCO: Any = cv2.aruco

DictionaryName = Literal["4X4_50", "4X4_100", "4X4_250", "5X5_50", "5X5_100", "5X5_250", "6X6_250", "APRILTAG_36H11"]


@dataclass(frozen=True, kw_only=True)
class Board(config.Strict):
    """A ChArUco board. Its frame: origin in the upper left corner of the print, x right, y down, z into the paper.

    Attributes:
        columns: squares along x.
        rows: squares along y.
        square: edge of a square [m].
        marker: edge of a marker [m].
        dictionary: of the markers.
    """

    columns: int = 7
    rows: int = 5
    square: float = 0.030
    marker: float = 0.022
    dictionary: DictionaryName = "5X5_100"

    def __post_init__(self) -> None:
        if min(self.columns, self.rows) < 3 or max(self.columns, self.rows) > 40:
            raise ConfigError(f"columns, rows: expected 3 to 40 squares, found {self.columns} x {self.rows}")
        if not 0 < self.marker < self.square <= 1:
            raise ConfigError(
                f"marker, square: expected metres, the marker smaller than its square, found {self.marker} and "
                f"{self.square}"
            )
        if self.square > 0.95 * self.marker * (1.0 + self.bits):
            raise ConfigError(f"marker: {self.marker} m is too small to be read in a square of {self.square} m")
        needed, there = self.columns * self.rows // 2, len(self.markers.bytesList)
        if needed > there:
            raise ConfigError(
                f"dictionary: {self.dictionary} has {there} markers, the board needs {needed}; take a larger one or "
                "fewer squares"
            )

    @property
    def markers(self) -> Any:  # noqa: ANN401
        """The `cv2.aruco.Dictionary`."""
        return _ARUCO.getPredefinedDictionary(getattr(_ARUCO, f"DICT_{self.dictionary}"))

    @property
    def bits(self) -> int:
        """Along the edge of a marker, without its black border."""
        return int(self.markers.markerSize)

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the squares together [m]."""
        return self.columns * self.square, self.rows * self.square

    @property
    def num_corners(self) -> int:
        """Inner corners of the chessboard."""
        return (self.columns - 1) * (self.rows - 1)

    @property
    def layout(self) -> Any:  # noqa: ANN401
        """The `cv2.aruco.CharucoBoard`."""
        return _ARUCO.CharucoBoard((self.columns, self.rows), self.square, self.marker, self.markers)

    def points(self) -> Float64[np.ndarray, "corners 3"]:
        """Inner corners by their number, row by row, in the board's frame [m]."""
        y, x = np.mgrid[1 : self.rows, 1 : self.columns] * self.square
        return np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], axis=1)

    def outline(self) -> Float64[np.ndarray, "4 3"]:
        """Its four outer corners in the board's frame [m]."""
        width, height = self.size
        return np.array([[0.0, 0.0, 0.0], [width, 0.0, 0.0], [width, height, 0.0], [0.0, height, 0.0]])

    def picture(self, pixels_per_square: int) -> UInt8[np.ndarray, "H W"]:
        """Drawn in grey, edge to edge."""
        size = (self.columns * pixels_per_square, self.rows * pixels_per_square)
        return self.layout.generateImage(size, marginSize=0, borderBits=1)
