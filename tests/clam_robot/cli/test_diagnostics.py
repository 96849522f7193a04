"""The end of a training run tells a person what the latent actions carry, and what is good."""

from dataclasses import replace

import pytest
from rich.console import Console

from clam_robot.cli.diagnostics import diagnostics_table
from clam_robot.training.diagnostics import Diagnostics

GOOD = Diagnostics(
    action_names=("dx", "gripper"),
    probe_r2=0.79,
    action_error=(0.03, 0.09),
    reconstruction={"reconstruction": 0.27},
    change_from_latent_r2=0.4,
    change_from_action_r2=0.25,
    effective_rank=2.5,
)


def printed(diagnostics: Diagnostics) -> dict[str, str]:
    """The line of each measure, with its colours."""
    console = Console(width=160, force_terminal=True, color_system="standard")
    with console.capture() as captured:
        console.print(diagnostics_table(diagnostics, latent_dim=8))
    lines = [line for line in captured.get().splitlines() if "\x1b[3" in line]
    return {line.split("\u2502")[1].strip(): line for line in lines}


def test_every_measure_is_named_and_good_ones_are_green() -> None:
    lines = printed(GOOD)
    assert len(lines) == 6
    assert "0.09" in lines["error of gripper, squared, of [-1, 1]"]
    assert "0.15" in lines["leakage: R2 on the next change beyond the action's"]
    assert "about 2, the action's entries; 8 at most" in lines["effective rank"]
    assert all("\x1b[32m" in line for line in lines.values())


@pytest.mark.parametrize(
    ("worse", "named"),
    [
        (replace(GOOD, probe_r2=0.2), "linear probe"),
        (replace(GOOD, action_error=(0.03, 0.8)), "gripper"),
        (replace(GOOD, reconstruction={"reconstruction": 1.1}), "copying, states"),
        (replace(GOOD, reconstruction={"frame": 1.1}), "copying, frames"),
        (replace(GOOD, change_from_latent_r2=0.9), "leakage"),
        (replace(GOOD, effective_rank=7.5), "rank"),
    ],
)
def test_what_is_not_good_stands_out(worse: Diagnostics, named: str) -> None:
    (line,) = [measure for measure, line in printed(worse).items() if "\x1b[33m" in line]
    assert named in line


def test_entries_without_names_are_numbered() -> None:
    assert "error of 1, squared, of [-1, 1]" in printed(replace(GOOD, action_names=()))
