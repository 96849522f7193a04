"""Several runs at a time are the runs they would be alone, and a failure is not waited for."""

import os
from collections.abc import Callable
from pathlib import Path, PosixPath

import pytest

from clam_robot.errors import CheckpointError, TrainingError
from clam_robot.models.checkpoint import WEIGHTS
from clam_robot.training.config import TrainConfig
from clam_robot.training.parallel import TrainingJob, run_jobs
from clam_robot.training.run import run_training
from tests.clam_robot.training.conftest import Heard, Trained

Tiny = Callable[..., TrainConfig]


class DeadlyPath(PosixPath):
    """Kills the process that it is sent to."""

    def __reduce__(self) -> tuple[Callable[[int], None], tuple[int]]:
        return os._exit, (9,)


def test_a_run_among_others_is_the_run_it_would_be_alone(trained: Trained, tmp_path: Path) -> None:
    alone = run_training(trained.jobs[2].config, tmp_path, Heard())
    beside = trained.results[2]
    assert (beside.checkpoint / WEIGHTS).read_bytes() == (alone.checkpoint / WEIGHTS).read_bytes()


def test_results_come_in_the_order_of_the_jobs(trained: Trained) -> None:
    assert [result.checkpoint for result in trained.results] == [job.directory / "checkpoint" for job in trained.jobs]


def test_every_report_arrives_under_the_name_of_its_job(trained: Trained) -> None:
    heard = trained.heard
    assert [update for update in heard.updates if update[0].startswith("clam: ")] == [
        (f"clam: {stage}", step, total)
        for stage, total in (("latent_actions", 600), ("policy", 250))
        for step in (*range(100, total, 100), total)
    ]
    assert [update for update in heard.updates if update[0].startswith("tiny: ")] == [
        ("tiny: latent_actions", 12, 12),
        ("tiny: policy", 12, 12),
    ]
    assert all("loss" in logs for logs in heard.logs)


@pytest.mark.slow
def test_a_failure_is_raised_as_it_is_and_stops_the_others_whatever_their_order(tiny: Tiny, tmp_path: Path) -> None:
    (tmp_path / "failing" / "state").mkdir(parents=True)
    (tmp_path / "failing" / "state" / "policy.safetensors").write_bytes(b"nothing")
    jobs = [
        TrainingJob(name="long", config=tiny(num_steps=20_000), directory=tmp_path / "long"),
        TrainingJob(name="failing", config=tiny(method="bc-play"), directory=tmp_path / "failing"),
        TrainingJob(name="next", config=tiny(), directory=tmp_path / "next"),
    ]
    heard = Heard()
    with pytest.raises(CheckpointError, match=r"failing/state/policy\.safetensors does not fit"):
        run_jobs(jobs, heard, workers=2)
    assert max((step for _, step, _ in heard.updates), default=0) < 20_000
    assert not (tmp_path / "next" / "checkpoint").exists()


def test_a_killed_process_is_said_to_be_that(tiny: Tiny, tmp_path: Path) -> None:
    job = TrainingJob(name="doomed", config=tiny(), directory=DeadlyPath(tmp_path))
    with pytest.raises(TrainingError, match="a training process was killed"):
        run_jobs([job], Heard(), workers=1)


def test_no_jobs_no_results() -> None:
    assert run_jobs([], Heard()) == []
