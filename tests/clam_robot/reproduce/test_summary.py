"""Entries: means over sets, intervals that know both sources of chance, and returns as shares of the expert's."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clam_robot.reproduce.cell import CellResult
from clam_robot.reproduce.output import markdown, write
from clam_robot.reproduce.summary import Entry, entry
from clam_robot.reproduce.table import Row, Table

TABLE = Table(
    name="small",
    title="Small",
    robots=("metaworld:reach",),
    rows=(Row(name="clam", method="clam"), Row(name="vpt", method="vpt")),
)


def result(successes: list[bool], returns: list[float] | None = None) -> CellResult:
    return CellResult(
        cell=TABLE.cell(TABLE.rows[0], "metaworld:reach", 0, episodes=len(successes)),
        successes=tuple(successes),
        returns=tuple(returns or [0.0] * len(successes)),
        train_seconds=60.0,
        evaluate_seconds=10.0,
    )


def summed(*results: CellResult, full_score: float = 0.0) -> Entry:
    return entry("clam", "metaworld:reach", results, full_score=full_score, paper=0.5)


def test_the_mean_is_over_sets_and_the_worst_is_told() -> None:
    found = summed(result([True] * 9 + [False]), result([True, False] * 5))
    assert found.scores == (0.9, 0.5)
    assert found.mean == pytest.approx(0.7)
    assert (found.worst, found.num_rollouts, found.seconds) == (0.5, 20, 70.0)


@given(st.lists(st.lists(st.booleans(), min_size=5, max_size=30), min_size=1, max_size=5))
def test_the_interval_holds_the_mean_and_is_never_empty(sets: list[list[bool]]) -> None:
    found = summed(*(result(successes) for successes in sets))
    assert 0.0 <= found.low < found.high <= 1.0
    assert found.low - 0.15 <= found.mean <= found.high + 0.15  # the prior pulls a few rollouts inwards


def test_sets_that_differ_widen_the_interval() -> None:
    alike = summed(*(result([True] * 25 + [False] * 25) for _ in range(4)))
    apart = summed(*(result([solved] * 50) for solved in (True, False, True, False)))
    assert apart.mean == alike.mean
    assert apart.high - apart.low > 2 * (alike.high - alike.low)


def test_more_rollouts_narrow_it() -> None:
    few, many = (summed(result([True, False] * n)) for n in (5, 200))
    assert many.high - many.low < 0.5 * (few.high - few.low)


def test_returns_count_as_shares_of_a_full_score() -> None:
    found = summed(result([False] * 4, [100.0, 200.0, 300.0, 400.0]), full_score=500.0)
    assert found.mean == pytest.approx(0.5)
    assert found.low < 0.5 < found.high
    assert np.isfinite([found.low, found.high]).all()


def test_every_form_tells_the_same(tmp_path: Path) -> None:
    entries = [summed(result([True] * 8 + [False] * 2))]
    paths = write(tmp_path, TABLE, entries)
    assert [path.name for path in paths] == ["small.json", "small.csv", "small.md", "small.png"]
    assert json.loads(paths[0].read_text())[0]["mean"] == pytest.approx(0.8)
    rows = list(csv.DictReader(paths[1].read_text().splitlines()))
    assert (rows[0]["row"], rows[0]["mean"], rows[0]["paper"]) == ("clam", "0.8000", "0.5")
    text = paths[2].read_text()
    assert "0.80 [" in text and "paper 0.50" in text and "| vpt |  |" in text
    assert paths[3].stat().st_size > 5_000


def test_an_average_needs_every_column() -> None:
    wide = Table(name="wide", title="Wide", robots=("metaworld:reach", "metaworld:assembly"), rows=TABLE.rows[:1])
    entries = [summed(result([True] * 10))]
    assert markdown(wide, entries).rstrip().endswith("|  |  |")
