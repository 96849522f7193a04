"""What a person sees while holding a board before a camera: which cells of its picture are covered, and what to do."""

from rich.table import Table
from rich.text import Text

from calibration.coverage import Coverage
from clam_robot.cli.console import plural

# From so many corners in a cell on, and how it is drawn; the first is a cell that still lacks them.
_SHADES = ((0, "··", "bold red"), (1, "░░", "green"), (8, "▒▒", "green"), (20, "▓▓", "green"), (40, "██", "green"))
_NUM_WISHES = 2


def view_map(covered: Coverage) -> Text:
    """A cell of the picture each two characters; red dots where the board was not yet."""
    drawn = Text()
    for number, row in enumerate(covered.cells):
        drawn.append("\n" if number else "")
        for count in row:
            _, cell, style = next(each for each in reversed(_SHADES) if count >= each[0])
            drawn.append(cell, style)
    return drawn


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
    return beside
