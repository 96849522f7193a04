"""How the charts of all reports look: as wide as the page or half of it, letters of one size, legends below."""

from collections.abc import Sequence
from typing import Any

import matplotlib

matplotlib.use("agg")

from matplotlib.figure import Figure

BLUE, RED, GREY, BLACK, ORANGE = "#2b6cb0", "#c53030", "#a0aec0", "#1a202c", "#dd6b20"
SERIES = (BLUE, "#c05621", "#2f855a", "#805ad5")
# Of a chart as wide as the page, and as half of it [inch]; a page's letters are then as high as a chart's.
WIDE, HALF = 9.8, 4.9
SMALL, MEDIUM = 8.5, 9.5


def wide_chart(height: float) -> tuple[Figure, Any]:
    """As wide as the page.

    Args:
        height: [inch].
    """
    figure = Figure(figsize=(WIDE, height), layout="constrained")
    return figure, figure.add_subplot()


def picture_chart(width: int, height: int, title: str, *, inches: float = HALF) -> tuple[Figure, Any]:
    """Axes that are a camera's picture.

    Args:
        width: of the picture [pixel].
        height: of the picture [pixel].
        title: of the chart.
        inches: its width.
    """
    figure = Figure(figsize=(inches, inches * height / width + 0.75), layout="constrained")
    axes: Any = figure.add_subplot()
    axes.set_xlim(-0.5, width - 0.5)
    axes.set_ylim(height - 0.5, -0.5)
    axes.set_aspect("equal", anchor="N")  # so that charts beside one another are level
    axes.set_title(title, fontsize=MEDIUM)
    label(axes, "x [pixel]", "y [pixel]")
    return figure, axes


def label(axes: Any, across: str, up: str = "") -> None:  # noqa: ANN401
    """Name the axes, with their units."""
    axes.set_xlabel(across, fontsize=MEDIUM)
    axes.set_ylabel(up, fontsize=MEDIUM)
    axes.tick_params(labelsize=SMALL)


def legend(figure: Figure, handles: Sequence[Any], names: Sequence[str], columns: int | None = None) -> None:
    """Below the axes, where it covers nothing."""
    if handles:
        figure.legend(
            list(handles),
            list(names),
            loc="outside lower center",
            ncols=columns or len(names),
            fontsize=SMALL,
            frameon=False,
            handlelength=1.4,
            columnspacing=1.4,
        )
