"""The map of the picture that a person with a board sees."""

import io
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console, RenderableType

from calibration.coverage import coverage
from calibration.coverage_bands import band_of, num_thin
from clam_robot.cli.view_map import view_map, view_status
from tests.calibration.synthetic_views import BOARD, scattered_views


def seen(what: RenderableType, width: int = 110) -> list[str]:
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    console.print(what)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_a_cell_is_drawn_with_its_corners_and_one_without_as_red_dots() -> None:
    covered = coverage(BOARD, scattered_views(np.random.default_rng(0), 6))
    rows = seen(view_map(covered))
    drawn = [[row.ljust(24)[4 * i : 4 * i + 4].strip() for i in range(6)] for row in rows]
    wanted = [["··" if count == 0 else str(count) for count in row] for row in covered.cells]
    assert drawn == wanted
    assert np.any(covered.cells == 0)


@pytest.mark.parametrize(("count", "hue"), [(0, "red"), (1, "yellow"), (7, "yellow"), (8, "green"), (2000, "green")])
def test_a_cell_is_green_on_the_map_and_in_the_report_with_a_handful_of_corners_only(count: int, hue: str) -> None:
    covered = replace(coverage(BOARD, []), cells=np.array([[count]]))
    (span,) = view_map(covered).spans
    band = band_of(count)
    assert str(span.style).endswith(f"on {band.colour}")
    red, green, blue = (int(band.colour[i : i + 2], 16) for i in (1, 3, 5))
    assert {"red": red > 1.2 * green, "yellow": min(red, green) > 1.5 * blue, "green": green > 1.1 * red}[hue]
    assert num_thin(covered.cells) == (hue == "yellow")


def test_the_colours_of_the_map_are_explained_beneath_it() -> None:
    told = seen(view_status(coverage(BOARD, []), "no board", 12), width=78)[-1]  # beside what turns while it works
    for words in ("no corner: show it there", "1 to 7: thin", "8 to 29: good", "30 or more"):
        assert words in told


def test_map_and_wishes_stand_beside_one_another() -> None:
    few = seen(view_status(coverage(BOARD, scattered_views(np.random.default_rng(0), 12)), "moving", 12))
    assert "12 views, moving" in few[0]
    assert "bring the board to the bottom right of the picture (22 of 24 cells covered)" in few[1]
    assert few[3][:24].endswith(" ··  ·· ")
    many = seen(view_status(coverage(BOARD, scattered_views(np.random.default_rng(0), 40)), None, 60))
    assert "40 views, kept" in many[0]
    assert "20 more views" in many[1]
    assert "enough" in seen(view_status(coverage(BOARD, scattered_views(np.random.default_rng(0), 40)), None, 40))[1]
