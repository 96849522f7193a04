"""A board on paper, at true scale."""

from pathlib import Path
from typing import Any

import cv2
import matplotlib

matplotlib.use("agg")

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from calibration.board import Board
from clam_robot.errors import ConfigError

_INCH = 25.4  # [mm]
# In the order in which they are taken [mm].
PAPERS = {"a4": (297.0, 210.0), "letter": (279.4, 215.9), "a3": (420.0, 297.0), "a2": (594.0, 420.0)}
RULER = 100.0  # [mm]
_FORMATS = (".pdf", ".png", ".svg")
_PNG_DPI = 600.0
# Printers leave this much of the edge white [mm].
_MARGIN, _FOOT = 5.0, 14.0


def smallest_paper(board: Board) -> str:
    """The first of `PAPERS` that the board and its ruler fit on.

    Raises:
        ConfigError: none does.
    """
    width, height = (1000.0 * each for each in board.size)
    for name, (across, high) in PAPERS.items():
        if max(width, RULER) + 2 * _MARGIN <= across and height + 2 * _MARGIN + _FOOT <= high:
            return name
    raise ConfigError(
        f"a board of {width:.0f} x {height:.0f} mm fits on none of {', '.join(PAPERS)}; take fewer squares"
    )


def print_board(board: Board, path: Path, paper: str | None = None) -> str:
    """Write the board with a ruler of 100 mm beneath it, as PDF, SVG, or PNG of 600 dpi that carries its scale.

    Args:
        board: what to draw.
        path: its ending chooses the format.
        paper: name of the paper; the smallest that fits by default.

    Returns:
        The paper.

    Raises:
        ConfigError: an unknown format or paper, or the board does not fit.
    """
    if path.suffix.lower() not in _FORMATS:
        raise ConfigError(f"--out: expected a name that ends in {', '.join(_FORMATS)}, found {path.name}")
    paper = paper or smallest_paper(board)
    if paper not in PAPERS:
        raise ConfigError(f"--paper: there are {', '.join(PAPERS)}, found {paper!r}")
    across, high = PAPERS[paper]
    width, height = (1000.0 * each for each in board.size)
    if max(width, RULER) + 2 * _MARGIN > across or height + 2 * _MARGIN + _FOOT > high:
        raise ConfigError(
            f"--paper: {width:.0f} x {height:.0f} mm do not fit on {paper}; {smallest_paper(board)} would do"
        )
    figure = Figure(figsize=(across / _INCH, high / _INCH))
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_xlim(0.0, across)
    axes.set_ylim(high, 0.0)
    axes.axis("off")
    left, top = 0.5 * (across - width), 0.5 * (high - _FOOT - height)
    _draw_squares(axes, board, left, top)
    _draw_foot(axes, board, left, top + height)
    figure.savefig(path, dpi=_PNG_DPI, metadata={"Title": "ChArUco board"})
    return paper


def _draw_squares(axes: Any, board: Board, left: float, top: float) -> None:  # noqa: ANN401
    edge, marker = 1000.0 * board.square, 1000.0 * board.marker
    bit = marker / (board.bits + 2)
    inset = 0.5 * (edge - marker)
    number = 0
    for row in range(board.rows):
        for column in range(board.columns):
            x, y = left + column * edge, top + row * edge
            if (row + column) % 2 == 0:
                _black(axes, x, y, edge, edge)
                continue
            code = cv2.aruco.generateImageMarker(board.markers, number, board.bits + 2, borderBits=1)
            number += 1
            for i, line in enumerate(code):
                # Neighbours are drawn as one, or printers leave hairlines between them.
                start = None
                for j, value in enumerate([*line, 255]):
                    if value == 0 and start is None:
                        start = j
                    elif value != 0 and start is not None:
                        _black(axes, x + inset + start * bit, y + inset + i * bit, (j - start) * bit, bit)
                        start = None


def _black(axes: Any, x: float, y: float, width: float, height: float) -> None:  # noqa: ANN401
    axes.add_patch(Rectangle((x, y), width, height, facecolor="black", linewidth=0.0, edgecolor="none"))


def _draw_foot(axes: Any, board: Board, left: float, bottom: float) -> None:  # noqa: ANN401
    y = bottom + 8.0
    axes.plot([left, left + RULER], [y, y], color="black", linewidth=0.6, solid_capstyle="butt")
    for tick in range(0, int(RULER) + 1, 10):
        size = 2.0 if tick % 50 == 0 else 1.2
        axes.plot([left + tick] * 2, [y - size, y], color="black", linewidth=0.6)
    told = (
        f"This line is {RULER:.0f} mm long: measure it. Print at 100 %, without fitting to the page, and glue it onto "
        "something flat."
    )
    numbers = (
        f"{board.columns} x {board.rows} squares of {1000 * board.square:g} mm, markers of {1000 * board.marker:g} mm, "
        f"dictionary {board.dictionary}"
    )
    axes.text(left, y + 2.0, f"{told}\n{numbers}", fontsize=5.5, va="top", color="black")
