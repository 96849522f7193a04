"""Presets are where the options of a command line begin."""

import pytest

from clam_robot.cli.main import main
from clam_robot.cli.train import parse
from clam_robot.models.architectures import build_latent_action_model, build_policy
from clam_robot.models.window_layout import WindowLayout
from clam_robot.training.presets import PRESETS


def test_options_change_the_preset_they_are_given_with() -> None:
    command = parse(["--preset", "paper-mlp", "--latent.latent-dim", "4", "--seed", "7"])
    assert command.train.latent.hidden == 1024
    assert (command.train.latent.latent_dim, command.train.seed) == (4, 7)
    assert parse([]).train == PRESETS["ours"]


def test_an_unknown_preset_lists_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--preset", "paper"]) == 2
    assert "expected one of ours, images, torques, paper-mlp" in capsys.readouterr().err


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_makes_networks(name: str) -> None:
    config = PRESETS[name]
    layout = WindowLayout(
        past=config.features.past, future=config.features.future, num_present=4, num_change=4, num_grippers=1
    )
    model = build_latent_action_model(layout, num_actions=4, config=config.latent, vision=config.vision)
    assert sum(weight.numel() for weight in model.parameters()) > 0
    build_policy(layout, num_targets=config.latent.latent_dim, config=config.policy, vision=config.vision)
