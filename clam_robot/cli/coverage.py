"""`clam coverage`."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import torch
import tyro
from rich.markup import escape
from rich.table import Table

from clam_robot import config
from clam_robot.cli.console import console
from clam_robot.cli.data_sets import fetch_with_bar
from clam_robot.episodes.stores.cache import pictures_of
from clam_robot.errors import ConfigError
from clam_robot.training.config import TrainConfig
from clam_robot.training.coverage import Coverage, States, measure_coverage
from clam_robot.training.coverage_verdict import Verdict, is_too_much, judge
from clam_robot.training.data import load_training_data
from clam_robot.training.stages import fit_features
from clam_robot.training.transitions import Transitions


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
            sees=self.train.latent.inverse_sees,
        )
        console.print(f"{data.num_play} labelled play episodes for {data.num_demonstrations} demonstrations")
        console.print(_actions(coverage))
        verdict = judge(coverage)
        for line in (*_figures(coverage), *_verdict(verdict)):
            console.print(line, soft_wrap=True)
        if self.out is not None:
            self.out.parent.mkdir(parents=True, exist_ok=True)
            self.out.write_text(json.dumps(config.to_dict(coverage) | {"verdict": config.to_dict(verdict)}, indent=1))
            console.print(f"written: {self.out}")


def _actions(coverage: Coverage) -> Table:
    table = Table(
        "action", "play, from low to high", "error on play", "expected on demonstrations", "share of guessing"
    )
    extrapolated = "at least " if coverage.unknown_share > 0 else ""
    for name, here, there, share in zip(
        coverage.names, coverage.play_error, coverage.expected_error, coverage.share_of_guessing, strict=True
    ):
        colour = "red" if is_too_much(share) else "green"
        table.add_row(
            name,
            _bars(coverage.histograms[name]),
            f"{here:.3f}",
            f"{extrapolated}{there:.3f}",
            f"[{colour}]{100 * share:.0f} %[/]",
        )
    return table


def _figures(coverage: Coverage) -> list[str]:
    lines = [
        f"demonstrations far from all play: {_percent(coverage.far_share)} of steps; "
        f"farther than any error was measured at: {_percent(coverage.unknown_share)}"
    ]
    for point, share in coverage.workspace.items():
        lines.append(f"places of the {point} in demonstrations that play has visited: {_percent(share)}")
    if coverage.gripper_changes is not None and coverage.closed_share is not None:
        lines.append(
            f"gripper: changes side {coverage.gripper_changes} times in {coverage.num_steps} steps, "
            f"closed in {_percent(coverage.closed_share)}"
        )
    return lines


def _verdict(verdict: Verdict) -> list[str]:
    if verdict.is_enough:
        return ["[green]play knows what the demonstrations do[/]; more labels still lower the error on play itself"]
    begin = "[red]play is not enough[/]" if verdict.lacking else "[yellow]whether play is enough cannot be told[/]"
    lines = [f"[red]lacking[/]: {escape(line)}" for line in verdict.lacking]
    return [begin, *lines, *(f"[yellow]unknown[/]: {escape(line)}" for line in verdict.unknown)]


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _bars(shares: tuple[float, ...]) -> str:
    blocks = " \u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588"
    top = max(shares) or 1.0
    return "".join(blocks[round(share / top * (len(blocks) - 1))] for share in shares)
