"""`clam train`."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from clam_robot import config
from clam_robot.cli.console import TrainingBars, console
from clam_robot.cli.data_sets import fetch_with_bar
from clam_robot.cli.diagnostics import diagnostics_table
from clam_robot.episodes.stores.cache import pictures_of
from clam_robot.errors import ConfigError
from clam_robot.training.config import TrainConfig
from clam_robot.training.diagnostics import Diagnostics
from clam_robot.training.presets import PRESETS
from clam_robot.training.run import DIAGNOSTICS, run_training


@dataclass(frozen=True, kw_only=True)
class Command:
    """Train CLAM or a baseline on recorded episodes.

    An interrupted run goes on when the same command is given again. The folder then holds `checkpoint/` (weights,
    spec and scales, for `clam serve`, `run` and `evaluate`), `tensorboard/`, `train.json` and, where labelled play was
    left to judge by, `diagnostics.json`: what the latent actions carry.

    Attributes:
        preset: settings to begin with, which the other options change: ours, images, torques, or those of the paper.
        out: folder of the run.
        train: what to learn, from what, and how.
    """

    preset: str = "ours"
    out: Path = Path("outputs/train")
    train: Annotated[TrainConfig, tyro.conf.arg(name="")] = field(default_factory=TrainConfig)

    def run(self) -> None:
        """Train and say where the checkpoint is."""
        for place in (self.train.play, self.train.demonstrations):
            fetch_with_bar(place, pictures_of(self.train.vision.camera))
        try:
            with TrainingBars() as bars:
                result = run_training(self.train, self.out, bars)
        except KeyboardInterrupt:
            console.print(f"stopped; the same command goes on from what is saved in {self.out}")
            raise
        done = "already trained" if result.was_finished else "trained"
        if self.train.method == "clam":
            self._print_diagnostics()
        console.print(f"{done} {self.train.method} in {result.seconds:.0f} s; checkpoint: {result.checkpoint}")

    def _print_diagnostics(self) -> None:
        path = self.out / DIAGNOSTICS
        if path.exists():
            console.print(diagnostics_table(config.load(Diagnostics, path), self.train.latent.latent_dim))
            console.print(f"measured on play that was not learned from: {path}", soft_wrap=True)
        else:
            console.print(
                "latent actions were not judged: no labelled play was left; record more, or lower --num-labeled"
            )


def parse(words: Sequence[str]) -> Command:
    """A command line on top of the preset that it names.

    Raises:
        ConfigError: there is no such preset.
    """
    finder = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    finder.add_argument("--preset", default="ours")
    name: str = finder.parse_known_args(list(words))[0].preset
    if name not in PRESETS:
        raise ConfigError(f"--preset: expected one of {', '.join(PRESETS)}, found {name!r}")
    return tyro.cli(Command, prog="clam train", args=words, default=Command(preset=name, train=PRESETS[name]))
