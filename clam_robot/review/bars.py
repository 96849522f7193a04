"""Distributions as bars, in the units of a drawing that is one wide and one high."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

_BINS = 40


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One bar: left edge and width, height as a share of the tallest, and its count."""

    left: float
    width: float
    height: float
    count: int


@dataclass(frozen=True, kw_only=True)
class Histogram:
    """How often values occur.

    Attributes:
        title: of what.
        unit: of the values.
        low: left end.
        high: right end.
        bars: from left to right.
        note: what is worth saying beside it.
    """

    title: str
    unit: str
    low: float
    high: float
    bars: tuple[Bar, ...]
    note: str = ""


def histogram(
    values: Float[np.ndarray, "n"], *, title: str, unit: str, low: float, high: float, note: str = "", bins: int = _BINS
) -> Histogram:
    """Count values between `low` and `high`; those beyond are in the outermost bars. Infinite ends follow them."""
    low = low if np.isfinite(low) else float(values.min(initial=0.0))
    high = high if np.isfinite(high) else float(values.max(initial=0.0))
    if not low < high:
        low, high = low - 0.5, high + 0.5
    counts, _ = np.histogram(np.clip(values, low, high), bins=bins, range=(low, high))
    tallest = max(1, int(counts.max()))
    bars = tuple(
        Bar(left=k / bins, width=1 / bins, height=float(count) / tallest, count=int(count))
        for k, count in enumerate(counts)
    )
    return Histogram(title=title, unit=unit, low=low, high=high, bars=bars, note=note)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A square of a coverage map: column and row from the lower left, and how full it is [0 .. 1]."""

    column: int
    row: int
    fill: float


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """Where a point has been, seen along one axis.

    Attributes:
        title: which point.
        axes: of the drawing, horizontal and vertical.
        horizontal: both ends [m].
        vertical: both ends [m].
        cells: that were visited.
        share: of all cells within the ends that were visited.
    """

    title: str
    axes: tuple[str, str]
    horizontal: tuple[float, float]
    vertical: tuple[float, float]
    cells: tuple[Cell, ...]
    share: float


COVERAGE_CELLS = 32


def coverage(
    points: Float[np.ndarray, "n 2"], *, title: str, axes: tuple[str, str], cells: int = COVERAGE_CELLS
) -> Coverage:
    """Visits by cell, darker where there were more, on a logarithmic scale; both axes have the same scale."""
    middle = (points.max(axis=0) + points.min(axis=0)) / 2
    half = max(float(np.ptp(points, axis=0).max()) / 2, 1e-3)
    ends = [(float(m - half), float(m + half)) for m in middle]
    counts, _, _ = np.histogram2d(points[:, 0], points[:, 1], bins=cells, range=ends)
    fullest = np.log1p(counts.max())
    visited = tuple(
        Cell(column=int(column), row=int(row), fill=float(np.log1p(counts[column, row]) / fullest))
        for column, row in np.argwhere(counts)
    )
    return Coverage(
        title=title,
        axes=axes,
        horizontal=ends[0],
        vertical=ends[1],
        cells=visited,
        share=len(visited) / cells**2,
    )
