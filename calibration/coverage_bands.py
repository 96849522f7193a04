"""How many corners a cell of the picture holds, as colours that mean the same in the report and before the camera."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64


@dataclass(frozen=True, kw_only=True)
class CoverageBand:
    """Cells with about as many corners.

    Attributes:
        fewest: corners that a cell of it holds.
        words: how many, and what that means.
        colour: of such a cell, dark text on it, in reports and on terminals.
    """

    fewest: int
    words: str
    colour: str


# A single corner covers a cell, as each cell must be; the lens is known well there from a handful on.
EMPTY = CoverageBand(fewest=0, words="no corner: show it there", colour="#fc8181")
FEW = CoverageBand(fewest=1, words="1 to 7: thin", colour="#f6e05e")
GOOD = CoverageBand(fewest=8, words="8 to 29: good", colour="#9ae6b4")
MANY = CoverageBand(fewest=30, words="30 or more", colour="#48bb78")
BANDS = (EMPTY, FEW, GOOD, MANY)
TEXT_COLOUR = "#1a202c"


def band_of(count: int) -> CoverageBand:
    """Of a cell that holds `count` corners."""
    return next(each for each in reversed(BANDS) if count >= each.fewest)


def num_thin(cells: Int64[np.ndarray, "rows columns"]) -> int:
    """Cells that are covered, but thinly."""
    return int(((cells >= FEW.fewest) & (cells < GOOD.fewest)).sum())
