"""`clam coverage`."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import tyro
from rich.table import Table

from clam_robot import config
from clam_robot.cli.console import console
from clam_robot.cli.data_sets import fetch_with_bar
from clam_robot.episodes.stores.cache import pictures_of
from clam_robot.errors import ConfigError
from clam_robot.training.config import TrainConfig
from clam_robot.training.coverage import Coverage, States, measure_coverage
from clam_robot.training.data import load_training_data
from clam_robot.training.stages import fit_features
from clam_robot.training.transitions import Transitions

# Demonstrations are badly covered where the error to expect is this many times that on play itself.
_TOO_MUCH = 1.3


@dataclass(frozen=True, kw_only=True)
class Command:
    """Tell whether play is enough to ground an action decoder where demonstrations go, before anything is trained.

    Attributes:
        out: JSON file for the figures; none by default.
        train: the data sets, the labelled set, and the features to compare by.
    """

    out: Path | None = None
    train: Annotated[TrainConfig, tyro.conf.arg(name="")] = field(default_factory=TrainConfig)

    def run(self) -> None:
        """Measure and print."""
        if self.train.method != "clam":
            raise ConfigError(f"--method: coverage is that of clam's data, found {self.train.method!r}; leave it away")
        for place in (self.train.play, self.train.demonstrations):
            fetch_with_bar(place, pictures_of(self.train.vision.camera))
        data = load_training_data(self.train)
        assert data.play is not None and data.demonstrations is not None
        features = fit_features(data, self.train, torch.device("cpu"))
        now = self.train.features.past
        coverage = measure_coverage(
            data.spec,
            Transitions.of(data.play, features),
            Transitions.of(data.demonstrations, features),
            States(play=data.play.states[:, now].numpy(), demonstrations=data.demonstrations.states[:, now].numpy()),
        )
        console.print(f"{data.num_play} labelled play episodes for {data.num_demonstrations} demonstrations")
        console.print(_actions(coverage))
        for line in _lines(coverage):
            console.print(line)
        if self.out is not None:
            self.out.parent.mkdir(parents=True, exist_ok=True)
            self.out.write_text(json.dumps(config.to_dict(coverage), indent=1))
            console.print(f"written: {self.out}")


def _actions(coverage: Coverage) -> Table:
    table = Table("action", "play, from low to high", "error on play", "expected on demonstrations")
    for name, here, there in zip(coverage.names, coverage.play_error, coverage.expected_error, strict=True):
        colour = "red" if there > _TOO_MUCH * here else "green"
        table.add_row(name, _bars(coverage.histograms[name]), f"{here:.3f}", f"[{colour}]{there:.3f}[/]")
    return table


def _lines(coverage: Coverage) -> list[str]:
    lines = [f"demonstrations far from all play: {100 * coverage.far_share:.0f} % of steps (5 % of play itself is)"]
    for point, share in coverage.workspace.items():
        lines.append(f"places of the {point} in demonstrations that play has visited: {100 * share:.0f} %")
    if coverage.gripper_transitions is not None and coverage.closed_share is not None:
        lines.append(
            f"gripper: changes side {coverage.gripper_transitions:.1f} times in 100 steps, "
            f"closed in {100 * coverage.closed_share:.0f} %"
        )
    ratios = np.asarray(coverage.expected_error) / np.maximum(coverage.play_error, 1e-6)
    worst = int(np.argmax(ratios))
    if ratios[worst] > _TOO_MUCH:
        lines.append(
            f"[red]{coverage.names[worst]} will be decoded worse than in play[/]: record play that does what the "
            "demonstrations do (grasp, carry, let go, push), or label more of it"
        )
    else:
        lines.append(
            "[green]play knows what the demonstrations do[/]; more labels still lower the error on play itself"
        )
    return lines


def _bars(shares: tuple[float, ...]) -> str:
    blocks = " \u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588"
    top = max(shares) or 1.0
    return "".join(blocks[round(share / top * (len(blocks) - 1))] for share in shares)
