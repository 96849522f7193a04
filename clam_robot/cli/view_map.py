"""What a person sees while holding a board before a camera: which cells of its picture are covered, and what to do."""

from rich.table import Table
from rich.text import Text

from calibration.coverage import Coverage
from calibration.coverage_bands import BANDS, EMPTY, TEXT_COLOUR, band_of
from clam_robot.cli.console import plural

_NUM_WISHES = 2
_WIDTH = 4  # characters of a cell, about as wide as a line is high
_MOST = 999  # corners that are counted out


def view_map(covered: Coverage) -> Text:
    """Each cell of the picture with its corners, in the colours of the report; red dots where the board was not yet."""
    drawn = Text()
    for number, row in enumerate(covered.cells):
        drawn.append("\n" if number else "")
        for count in row:
            band = band_of(int(count))
            told = "··" if band is EMPTY else str(min(int(count), _MOST))
            drawn.append(told.center(_WIDTH), f"{TEXT_COLOUR} on {band.colour}")
    return drawn


def legend() -> Text:
    """What the colours of the map mean, in one line."""
    told = Text()
    for band in BANDS:
        told.append("  ", f"on {band.colour}").append(f" {band.words} ", "dim")
    return told


def view_status(covered: Coverage, problem: str | None, fewest: int) -> Table:
    """The map, and beside it how it goes.

    Args:
        covered: by the views so far.
        problem: with the newest picture; None where it was kept.
        fewest: views that are wanted.
    """
    left = fewest - covered.num_views
    wishes = covered.missing()[:_NUM_WISHES] or [f"{plural(left, 'more view')}" if left > 0 else "enough"]
    said = Text(f"{plural(covered.num_views, 'view')}, {problem or 'kept'}\n", end="")
    said.append("\n".join(wishes), "bold")
    said.append("\nleft and right as the camera sees them", "dim")
    beside = Table.grid(padding=(0, 2))
    beside.add_row(view_map(covered), said)
    whole = Table.grid()
    whole.add_row(beside)
    whole.add_row(legend())
    return whole
