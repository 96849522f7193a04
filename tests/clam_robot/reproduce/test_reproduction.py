"""A small table measured for real: recorded, trained, judged, resumed, and clear in its outcome."""

from dataclasses import replace
from pathlib import Path

import pytest

from clam_robot.errors import ConfigError
from clam_robot.reproduce.cell import RESULT
from clam_robot.reproduce.reproduction import ReproduceConfig, Reproduction
from clam_robot.reproduce.table import Row, Table
from tests.clam_robot.training.conftest import Heard

SHORT = {"dynamics_optimizer.num_steps": 1500, "policy_optimizer.num_steps": 2500}
TABLE = Table(
    name="short",
    title="One task, short",
    robots=("metaworld:assembly",),
    rows=(Row(name="clam", method="clam", train=SHORT), Row(name="bc-play", method="bc-play", train=SHORT)),
    num_play=50,
)


@pytest.mark.slow
def test_clam_solves_a_task_that_cloning_play_does_not(tmp_path: Path) -> None:
    config = ReproduceConfig(label_sets=1, episodes=12)
    reproduction = Reproduction(config, tmp_path, TABLE)
    assert len(reproduction.missing()) == 2
    assert reproduction.entries() == []
    for wanted in reproduction.data_sets():
        assert reproduction.record(wanted, lambda progress: None) == wanted.episodes
    done: list[str] = []
    reproduction.run(Heard(), lambda job, result: done.append(job.name))
    assert sorted(done) == ["assembly, bc-play, 0", "assembly, clam, 0"]
    assert reproduction.missing() == []
    clam, cloned = reproduction.entries()
    assert clam.mean >= 0.6  # 1.00 with all updates
    assert cloned.mean <= 0.3  # 0.00
    diagnostics = next(job.done() for job in reproduction.jobs(TABLE.rows[0], "metaworld:assembly"))
    assert diagnostics is not None and diagnostics.diagnostics is None  # no play is left to judge by
    again = Reproduction(config, tmp_path, TABLE)
    assert again.missing() == [] and again.entries() == reproduction.entries()
    part = Reproduction(replace(config, rows=("bc-play",)), tmp_path, TABLE)
    assert part.entries() == [cloned]
    assert part.measured() == (TABLE, [clam, cloned])
    (again.jobs(TABLE.rows[0], "metaworld:assembly")[0].directory / RESULT).unlink()
    assert again.measured() == (part.table, [cloned])


def test_no_such_table_is_said_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match="no table named 'stat'; there are state, ten-labels"):
        ReproduceConfig(table="stat")
