"""What was measured counts for every later call: the most rollouts of each cell, over all draws there are."""

import dataclasses
import json
import logging
from pathlib import Path

import pytest

from clam_robot import config
from clam_robot.errors import ConfigError
from clam_robot.reproduce.cell import RESULT, CellResult
from clam_robot.reproduce.measurements import Measurements
from clam_robot.reproduce.output import grid, write
from clam_robot.reproduce.reproduction import ReproduceConfig, Reproduction
from clam_robot.reproduce.table import Row, Table

REACH, ASSEMBLY = "metaworld:reach", "metaworld:assembly"
TABLE = Table(
    name="small",
    title="Small",
    robots=(REACH, ASSEMBLY),
    rows=(Row(name="clam", method="clam"), Row(name="vpt", method="vpt"), Row(name="oracle", method="oracle")),
    num_play=150,
)


def reproduction(root: Path, *, label_sets: int = 1, episodes: int = 1, rows: tuple[str, ...] = ()) -> Reproduction:
    return Reproduction(ReproduceConfig(label_sets=label_sets, episodes=episodes, rows=rows), root, TABLE)


def measure(root: Path, *, row: int = 0, robot: str = REACH, draw: int = 0, episodes: int) -> Path:
    """Store a result as a cell does; the number of successes is the draw's."""
    cell = TABLE.cell(TABLE.rows[row], robot, draw, episodes=episodes)
    result = CellResult(
        cell=cell,
        successes=(True,) * draw + (False,) * (episodes - draw),
        returns=(0.0,) * episodes,
        train_seconds=1.0,
        evaluate_seconds=1.0,
    )
    path = root / "cells" / cell.key / RESULT
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(config.to_dict(result)))
    return path


def test_of_each_cell_the_most_rollouts_count_whenever_they_were_made(tmp_path: Path) -> None:
    for episodes in (4, 50, 3):
        measure(tmp_path, episodes=episodes)
    cell = TABLE.cell(TABLE.rows[0], REACH, 0, episodes=4)
    there = Measurements(tmp_path)
    best = there.best(cell)
    assert best is not None and best.cell.episodes == 50
    assert there.best(cell, least=51) is None
    assert there.best(TABLE.cell(TABLE.rows[1], REACH, 0, episodes=4)) is None


@pytest.mark.parametrize(("label_sets", "episodes"), [(1, 50), (3, 3), (1, 3)])
def test_a_shorter_call_leaves_the_files_as_they_are(tmp_path: Path, label_sets: int, episodes: int) -> None:
    for draw in range(3):
        measure(tmp_path, draw=draw, episodes=50)
    short = reproduction(tmp_path, label_sets=label_sets, episodes=episodes, rows=("clam",))
    assert {job.cell.robot for job in short.missing()} == {ASSEMBLY}
    table, entries = short.measured()
    assert (table.robots, [row.name for row in table.rows]) == ((REACH,), ["clam"])
    assert [entry.rollouts for entry in entries] == [(50, 50, 50)]
    full = reproduction(tmp_path, label_sets=3, episodes=50).measured()
    assert full == (table, entries)


def test_a_longer_call_measures_anew_what_is_too_short(tmp_path: Path) -> None:
    measure(tmp_path, draw=0, episodes=50)
    measure(tmp_path, draw=1, episodes=4)
    longer = reproduction(tmp_path, label_sets=3, episodes=50, rows=("clam",))
    assert [job.name for job in longer.missing() if job.cell.robot == REACH] == ["reach, clam, 1", "reach, clam, 2"]
    assert longer.entries() == []
    (shown,) = reproduction(tmp_path, label_sets=2, episodes=4, rows=("clam",)).entries()
    assert shown.rollouts == (50, 4)


def test_an_interrupted_table_holds_the_draws_there_are(tmp_path: Path) -> None:
    for draw in (0, 2):
        measure(tmp_path, draw=draw, episodes=4)
    (entry,) = reproduction(tmp_path, label_sets=3, episodes=4).measured()[1]
    assert entry.scores == (0.0, 0.5)
    assert entry.extent == "2 draws x 4 rollouts"


def test_draws_and_rollouts_are_said_where_they_differ(tmp_path: Path) -> None:
    for draw in range(2):
        measure(tmp_path, draw=draw, episodes=50)
    measure(tmp_path, row=1, episodes=50)
    measure(tmp_path, row=2, episodes=50)
    measure(tmp_path, row=2, robot=ASSEMBLY, episodes=4)
    measure(tmp_path, row=2, robot=ASSEMBLY, draw=1, episodes=3)
    table, entries = reproduction(tmp_path).measured()
    _, clam, vpt, oracle = grid(table, entries)
    assert clam[0] == "clam (2 draws x 50 rollouts)" and "draw" not in clam[1]
    assert vpt[0] == "vpt (1 draw x 50 rollouts)"
    assert oracle[0] == "oracle"
    assert oracle[1].endswith("(1 draw x 50 rollouts)") and oracle[2].endswith("(2 draws x 3 to 4 rollouts)")
    paths = write(tmp_path / "tables", table, entries)
    assert "vpt,metaworld:reach" in paths[1].read_text() and ",1 draw x 50 rollouts,50," in paths[1].read_text()
    assert [entry["rollouts"] for entry in json.loads(paths[0].read_text())] == [[50, 50], [50], [50], [4, 3]]


def test_draws_and_rollouts_that_all_share_are_said_once(tmp_path: Path) -> None:
    measure(tmp_path, episodes=50)
    table, entries = reproduction(tmp_path).measured()
    text = write(tmp_path / "tables", table, entries)[2].read_text()
    assert text.count("1 draw x 50 rollouts each") == text.count("rollouts") == 1


def test_a_damaged_result_is_set_aside_and_its_cell_measured_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = measure(tmp_path, episodes=4)
    intact = path.read_bytes()
    for content in (intact[:100], b"{}", b"\xff"):
        path.write_bytes(content)
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            missing = reproduction(tmp_path, episodes=4, rows=("clam",)).missing()
        assert "reach, clam, 0" in [job.name for job in missing]
        assert not path.exists() and path.with_suffix(".damaged").read_bytes() == content
        assert str(path) in caplog.text and "now result.damaged, and its cell counts as not measured" in caplog.text


def test_a_damaged_result_of_more_rollouts_is_said_too(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    measure(tmp_path, episodes=4)
    measure(tmp_path, episodes=50).write_text("{")
    assert reproduction(tmp_path).measured()[1][0].rollouts == (4,)
    assert "counts as not measured" in caplog.text


def test_results_of_another_version_are_left_alone(tmp_path: Path) -> None:
    path = measure(tmp_path, episodes=50)
    older, newer = (path.parent.with_name(name) / RESULT for name in ("older", "newer"))
    newer.parent.mkdir()
    newer.write_text(json.dumps(json.loads(path.read_text()) | {"surprise": 1}))
    path.parent.rename(older.parent)  # its settings, digested, gave another name
    assert reproduction(tmp_path).measured()[1] == []
    assert older.exists() and newer.exists()


def test_more_draws_than_the_play_gives_are_refused_with_the_most_there_can_be(tmp_path: Path) -> None:
    assert reproduction(tmp_path, label_sets=3).missing()
    with pytest.raises(ConfigError, match=r"--label-sets: expected at most 3, as each takes 50 of the 150 .* found 4"):
        reproduction(tmp_path, label_sets=4)
    assert reproduction(tmp_path, label_sets=4, rows=("oracle",)).missing()


def test_a_table_of_one_task_has_no_average(tmp_path: Path) -> None:
    measure(tmp_path, episodes=4)
    _, entries = reproduction(tmp_path).measured()
    one = dataclasses.replace(TABLE, robots=(REACH,))
    assert grid(one, entries)[0] == ["", "reach"]
    assert {len(line) for line in grid(one, entries)} == {2}
    assert grid(TABLE, entries)[0] == ["", "reach", "assembly", "average"]
