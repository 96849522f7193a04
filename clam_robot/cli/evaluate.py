"""`clam evaluate`."""

import json
import statistics
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from clam_robot.cli.arguments import require_positive
from clam_robot.cli.console import console, progress_bars
from clam_robot.control.success_rate import SuccessRate
from clam_robot.errors import ConfigError
from clam_robot.processes import map_in_order, worker_pool
from clam_robot.timing import ManualClock
from clam_robot.types import EpisodeOutcome
from sim.collect import FIRST_SEED
from sim.robot_for_spec import robot_for
from sim.rollouts import run_rollouts

_SCENES_PER_JOB = 5


@dataclass(frozen=True, kw_only=True)
class Command:
    """Measure a checkpoint's success over many episodes.

    Attributes:
        checkpoint: folder written by `clam train`.
        robot: name of the robot; the one the checkpoint was trained for by default.
        episodes: how many scenes.
        seed: of the first scene; scenes are numbered on from it.
        workers: processes.
        out: JSON file for the result; by default `evaluation-ROBOT.json` beside the checkpoint.
    """

    checkpoint: Path
    robot: str | None = None
    episodes: int = 50
    seed: int = FIRST_SEED["evaluation"]
    workers: int = 2
    out: Path | None = None

    def run(self) -> None:
        """Evaluate and print the success rate with its interval."""
        from clam_robot.models.checkpoint import load_header

        require_positive(episodes=self.episodes, workers=self.workers)
        header = load_header(self.checkpoint)
        robot = robot_for(
            header.spec, ManualClock(), self.robot
        ).spec.name  # a robot that does not fit is an error before any work
        out = self.out or self.checkpoint.parent / f"evaluation-{robot.replace(':', '-')}.json"
        if out.is_dir():
            raise ConfigError(f"--out: expected a file, found the folder {out}; name a file in it")
        out.parent.mkdir(parents=True, exist_ok=True)
        scenes = list(range(self.seed, self.seed + self.episodes))
        jobs = [scenes[i : i + _SCENES_PER_JOB] for i in range(0, len(scenes), _SCENES_PER_JOB)]
        outcomes: list[EpisodeOutcome] = []
        with progress_bars() as bars, worker_pool(self.workers, finish_running=False) as pool:
            task = bars.add_task(f"{header.method} on {robot}", total=len(scenes), note="")
            evaluate = partial(evaluate_scenes, self.checkpoint, self.robot)
            for part in map_in_order(pool, evaluate, jobs, ahead=2 * self.workers):
                outcomes += part
                bars.show(task, len(outcomes), f"success {SuccessRate.of(outcomes)}")
        rate = SuccessRate.of(outcomes)
        mean_return = statistics.fmean(outcome.episode_return or 0.0 for outcome in outcomes)
        console.print(f"success {rate} with its 95 % Wilson interval, mean return {mean_return:.1f}")
        result = {
            "checkpoint": str(self.checkpoint),
            "method": header.method,
            "robot": robot,
            "success": rate.rate,
            "interval": rate.interval(),
            "mean_return": mean_return,
            "scenes": scenes,
            "outcomes": [asdict(outcome) | {"infer_ms": None} for outcome in outcomes],
        }
        out.write_text(json.dumps(result, indent=1))
        console.print(f"result: {out}")


def evaluate_scenes(checkpoint: Path, robot_name: str | None, scenes: list[int]) -> list[EpisodeOutcome]:
    """Run a checkpoint through some scenes in this process."""
    import torch

    from clam_robot.models.checkpoint import load_policy

    torch.set_num_threads(1)
    policy, header = load_policy(checkpoint)
    clock = ManualClock()
    robot = robot_for(header.spec, clock, robot_name)
    robot.connect()
    try:
        return run_rollouts(robot, policy, clock, scenes)
    finally:
        robot.disconnect()
