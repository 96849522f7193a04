"""Which parts of the picture, which tilts and which distances the views of a board cover, and what to show next."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from calibration.board import Board
from calibration.detection import Detection
from calibration.homography import homography

# Rows and columns of cells. Lenses bend most at the edge: every cell is to have corners, and each is so large that a
# board that is held partly beyond the picture brings some there.
GRID = (4, 6)
_SIDES = ("left", "middle", "right")
_LEVELS = ("top", "middle", "bottom")
ENOUGH_TILTED = 4
# Slant in a picture: how much nearer edges look longer than farther ones.
_SLANT, _STEEP = 0.08, 0.25
# Of the picture, that a near board fills: far and flat ones look alike for a long lens and a short one.
_NEAR = 0.3
ENOUGH_NEAR = ENOUGH_STEEP = 3
_NUM_VIEWS = 12


@dataclass(frozen=True, kw_only=True, eq=False)
class Coverage:
    """What the views show.

    Attributes:
        cells: corners seen in each cell of the picture.
        num_tilted: views in which the board leans about its x, and about its y axis.
        num_near: views in which the board fills much of the picture.
        num_steep: views in which it leans much, about any axis.
        num_views: of the board.
    """

    cells: Int64[np.ndarray, "rows columns"]
    num_tilted: tuple[int, int]
    num_near: int
    num_steep: int
    num_views: int

    @property
    def num_covered(self) -> int:
        """Cells that have corners."""
        return int((self.cells > 0).sum())

    @property
    def is_enough(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing()

    def missing(self) -> list[str]:
        """What to show next, most important first; empty when there is enough."""
        wishes: list[str] = []
        if self.num_covered < self.cells.size:
            wishes.append(
                f"bring the board to the {self._emptiest()} of the picture "
                f"({self.num_covered} of {self.cells.size} cells covered)"
            )
        names = ("top and bottom edge", "left and right edge")
        wishes += [
            f"tilt the board, its {name} at different distances ({count} of {ENOUGH_TILTED} views)"
            for name, count in zip(names, self.num_tilted, strict=True)
            if count < ENOUGH_TILTED
        ]
        if self.num_near < ENOUGH_NEAR:
            wishes.append(
                f"hold the board nearer, so that it fills {_NEAR:.0%} of the picture or more "
                f"({self.num_near} of {ENOUGH_NEAR} views)"
            )
        if self.num_steep < ENOUGH_STEEP:
            wishes.append(f"lean the board steeply, by some 40 degrees ({self.num_steep} of {ENOUGH_STEEP} views)")
        if self.num_views < _NUM_VIEWS:
            wishes.append(f"{_NUM_VIEWS - self.num_views} more views")
        return wishes

    def _emptiest(self) -> str:
        rows, columns = self.cells.shape
        empty = (self.cells == 0).astype(float)
        # In thirds, by where a cell's middle is, so that the words left, middle and right fit.
        level = (np.arange(rows) + 0.5) * len(_LEVELS) // rows
        side = (np.arange(columns) + 0.5) * len(_SIDES) // columns
        shares = [[empty[np.ix_(level == i, side == j)].mean() for j in range(3)] for i in range(3)]
        i, j = np.unravel_index(int(np.argmax(shares)), (3, 3))
        return " ".join(dict.fromkeys((_LEVELS[i], _SIDES[j])))


def coverage(board: Board, views: Sequence[Detection]) -> Coverage:
    """What these views of one camera cover."""
    cells = np.zeros(GRID, np.int64)
    slants = [slant(board, each) for each in views]
    for each in views:
        x, y = (np.clip(each.corners / (each.width, each.height), 0.0, 0.999) * GRID[::-1]).astype(int).T
        np.add.at(cells, (y, x), 1)
    tilted = tuple(int(sum(abs(each[axis]) > _SLANT for each in slants)) for axis in (1, 0))
    return Coverage(
        cells=cells,
        num_tilted=(tilted[0], tilted[1]),
        num_near=sum(filled(board, each) >= _NEAR for each in views),
        num_steep=sum(float(np.linalg.norm(each)) >= _STEEP for each in slants),
        num_views=len(views),
    )


def filled(board: Board, view: Detection) -> float:
    """Share of the picture that the whole board would fill, its parts beyond the edge included."""
    corners = np.column_stack([board.outline()[:, :2], np.ones(len(board.outline()))])
    seen = corners @ homography(board.points()[view.ids, :2], view.corners).T
    x, y = (seen[:, :2] / seen[:, 2:]).T
    area = 0.5 * abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1)))
    return area / (view.width * view.height)


def slant(board: Board, view: Detection) -> Float64[np.ndarray, "2"]:
    """How much smaller the board's far edge looks along its x and its y axis, as a share, signed; 0 is head-on."""
    matrix = homography(board.points()[view.ids, :2], view.corners)
    width, height = board.size
    depth = matrix[2] @ np.array([0.5 * width, 0.5 * height, 1.0])
    return matrix[2, :2] * (width, height) / depth
