"""The map of the picture that a person with a board sees."""

import io

import numpy as np
from rich.console import Console, RenderableType

from calibration.coverage import coverage
from clam_robot.cli.view_map import view_map, view_status
from tests.calibration.synthetic_views import BOARD, scattered_views


def seen(what: RenderableType) -> list[str]:
    console = Console(file=io.StringIO(), width=100, force_terminal=False)
    console.print(what)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_a_cell_without_corners_is_drawn_as_empty_and_no_other_is() -> None:
    covered = coverage(BOARD, scattered_views(np.random.default_rng(0), 6))
    rows = seen(view_map(covered))
    drawn = [[row[2 * i : 2 * i + 2] for i in range(len(row) // 2)] for row in rows]
    np.testing.assert_array_equal(np.array(drawn) == "··", covered.cells == 0)
    assert np.any(covered.cells == 0)
    fullest, thinnest = (np.array(drawn)[covered.cells == count][0] for count in (covered.cells.max(), 1))
    assert fullest != thinnest


def test_map_and_wishes_stand_beside_one_another() -> None:
    few = seen(view_status(coverage(BOARD, scattered_views(np.random.default_rng(0), 12)), "moving", 12))
    assert "12 views, moving" in few[0]
    assert "bring the board to the bottom right of the picture (22 of 24 cells covered)" in few[1]
    assert few[3].split()[0].endswith("····")
    many = seen(view_status(coverage(BOARD, scattered_views(np.random.default_rng(0), 40)), None, 60))
    assert "40 views, kept" in many[0]
    assert "20 more views" in many[1]
    assert "enough" in seen(view_status(coverage(BOARD, scattered_views(np.random.default_rng(0), 40)), None, 40))[1]
