"""`clam train`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from clam_robot.cli.console import TrainingBars, console
from clam_robot.training.config import TrainConfig
from clam_robot.training.run import run_training


@dataclass(frozen=True, kw_only=True)
class Command:
    """Train CLAM or a baseline on recorded episodes.

    An interrupted run goes on when the same command is given again. The folder then holds `checkpoint/` (weights,
    spec and scales, for `clam serve`, `run` and `evaluate`), `tensorboard/` and `train.json`.

    Attributes:
        out: folder of the run.
        train: what to learn, from what, and how.
    """

    out: Path = Path("outputs/train")
    train: Annotated[TrainConfig, tyro.conf.arg(name="")] = field(default_factory=TrainConfig)

    def run(self) -> None:
        """Train and say where the checkpoint is."""
        try:
            with TrainingBars() as bars:
                result = run_training(self.train, self.out, bars)
        except KeyboardInterrupt:
            console.print(f"stopped; the same command goes on from what is saved in {self.out}")
            raise
        done = "already trained" if result.was_finished else "trained"
        console.print(f"{done} {self.train.method} in {result.seconds:.0f} s; checkpoint: {result.checkpoint}")
