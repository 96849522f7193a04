"""A cell is measured once, by whoever comes first, and again where what it left is damaged."""

import logging
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from clam_robot.episodes.folder_lock import folder_lock
from clam_robot.models.checkpoint import WEIGHTS
from clam_robot.reproduce import data
from clam_robot.reproduce.cell import RESULT, CellJob
from clam_robot.reproduce.table import Row, Table
from tests.clam_robot.reproduce.test_measurements import TABLE, measure
from tests.clam_robot.training.conftest import Heard

SHORT = {"num_labeled": 1, "policy_optimizer.num_steps": 2}
TINY = Table(
    name="tiny",
    title="Two updates",
    robots=("metaworld:reach",),
    rows=(Row(name="bc-play", method="bc-play", train=SHORT),),
    num_play=1,
)


class Other:
    """Another program, which measures a cell and is done when the first has waited for it."""

    def __init__(self, job: CellJob) -> None:
        self.stages: list[str] = []
        self._root = job.root
        self._lock = ExitStack()
        self._lock.enter_context(folder_lock(job.directory, "clam reproduce"))

    def update(self, stage: str, step: int, total: int, logs: Mapping[str, float]) -> None:
        self.stages.append(stage)
        measure(self._root, episodes=4)
        self._lock.close()


def test_a_cell_that_another_program_measures_is_waited_for_and_not_measured_twice(tmp_path: Path) -> None:
    job = CellJob(cell=TABLE.cell(TABLE.rows[0], "metaworld:reach", 0, episodes=4), row="clam", root=tmp_path)
    other = Other(job)
    result = job.run(other)
    assert other.stages == ["waits for another program"]
    assert result == job.done()
    assert [path.name for path in job.directory.iterdir()] == [RESULT]


@pytest.mark.slow
def test_a_damaged_checkpoint_is_set_aside_and_the_cell_trained_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cell = TINY.cell(TINY.rows[0], "metaworld:reach", 0, episodes=1)
    job = CellJob(cell=cell, row="bc-play", root=tmp_path)
    assert cell.play is not None
    assert data.record(tmp_path, cell.play, workers=1) == 1
    first = job.run(Heard())
    for _ in range(2):
        (job.directory / RESULT).unlink()
        (job.directory / "run" / "checkpoint" / WEIGHTS).write_bytes(b"nothing")
        with caplog.at_level(logging.WARNING):
            again = job.run(Heard())
        assert again.returns == first.returns
    assert "now run.damaged" in caplog.text
    left = sorted(path.name for path in job.directory.iterdir())
    assert left == [RESULT, "run", "run.damaged"]
