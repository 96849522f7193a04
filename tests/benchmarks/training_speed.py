"""Updates per second of both stages of CLAM at the default sizes, on random motion of MetaWorld's size.

    .venv/bin/python tests/benchmarks/training_speed.py [--num-updates 1000]

Per CPU second is what one update costs, whatever else the machine is doing.
"""

import argparse
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from clam_robot.episodes import EpisodeWriter
from clam_robot.specs import RobotSpec
from clam_robot.training.config import TrainConfig
from clam_robot.training.run import run_training
from clam_robot.training.trainer import OptimizerConfig
from clam_robot.types import EpisodeOutcome, EpisodeStart, Observation, Step
from sim.metaworld_robot import ACTION, STATE

SPEC = RobotSpec(name="synthetic", state=STATE, action=ACTION, control_hz=40.0)
NUM_PLAY, NUM_DEMONSTRATIONS, NUM_ROWS = 50, 100, 100


class Stopwatch:
    """Wall and CPU time of every stage between its first and its last report."""

    def __init__(self) -> None:
        self.reports: dict[str, list[tuple[int, float, float]]] = {}

    def update(self, stage: str, step: int, total: int, logs: Mapping[str, float]) -> None:
        self.reports.setdefault(stage, []).append((step, time.perf_counter(), time.process_time()))

    def rates(self, stage: str) -> tuple[float, float]:
        """Updates per second, and per CPU second."""
        (first, wall, cpu), (last, wall_end, cpu_end) = self.reports[stage][0], self.reports[stage][-1]
        return (last - first) / (wall_end - wall), (last - first) / (cpu_end - cpu)


def record(root: Path, num_episodes: int, rng: np.random.Generator, *, is_labeled: bool) -> None:
    """Random walks; what MetaWorld leaves at zero stays at zero."""
    moving = np.array([not name.startswith("prev_object2") and "object2" not in name for name in STATE.names])
    for seed in range(num_episodes):
        states = np.cumsum(rng.normal(0.0, 0.01, (NUM_ROWS, len(STATE))), axis=0) * moving
        start = EpisodeStart(spec=SPEC, task="none", source="synthetic", seed=seed, is_labeled=is_labeled)
        with EpisodeWriter(root, start, durable=False, wait_when_full=True) as writer:
            for row, state in enumerate(states.astype(np.float32)):
                action = rng.uniform(-1, 1, len(ACTION)).astype(np.float32)
                observation = Observation(time=row / SPEC.control_hz, state=state)
                writer.append(Step(observation=observation, requested=action, sent=action))
            writer.commit(
                EpisodeOutcome(
                    success=None, episode_return=None, num_steps=NUM_ROWS, end="horizon", achieved_hz=SPEC.control_hz
                )
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--num-updates", type=int, default=1000)
    num_updates = parser.parse_args().num_updates
    rng = np.random.default_rng(0)
    stopwatch = Stopwatch()
    with tempfile.TemporaryDirectory() as folder:
        play, demonstrations = Path(folder, "play"), Path(folder, "demonstrations")
        record(play, NUM_PLAY, rng, is_labeled=True)
        record(demonstrations, NUM_DEMONSTRATIONS, rng, is_labeled=False)
        config = TrainConfig(
            play=play,
            demonstrations=demonstrations,
            num_labeled=NUM_PLAY,
            dynamics_optimizer=OptimizerConfig(num_steps=num_updates),
            policy_optimizer=OptimizerConfig(num_steps=num_updates),
        )
        run_training(config, Path(folder, "run"), stopwatch)
    print(f"{'stage':16} {'updates/s':>10} {'per CPU second':>15}")
    for stage in stopwatch.reports:
        wall, cpu = stopwatch.rates(stage)
        print(f"{stage:16} {wall:10.0f} {cpu:15.0f}")


if __name__ == "__main__":
    main()
