"""What `clam train` and `clam coverage` tell a person, at the end and when they refuse."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from clam_robot.cli.coverage import Command as Coverage
from clam_robot.cli.main import main
from clam_robot.cli.train import Command as Train
from clam_robot.training.config import TrainConfig

Tiny = Callable[..., TrainConfig]


def test_training_ends_with_what_latent_actions_carry(
    tiny: Tiny, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = Train(out=tmp_path / "run", train=tiny(num_labeled=3))
    command.run()
    first = capsys.readouterr().out
    assert "error of vx" in first and "effective rank" in first
    assert str(tmp_path / "run" / "diagnostics.json") in first
    command.run()
    again = capsys.readouterr().out
    assert "already trained" in again and "effective rank" in again


def test_training_says_that_no_play_was_left_to_judge_by(
    tiny: Tiny, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Train(out=tmp_path / "run", train=tiny(num_labeled=8)).run()
    assert "not judged: no labelled play was left; record more, or lower --num-labeled" in capsys.readouterr().out


def test_methods_without_latent_actions_say_nothing_of_them(
    tiny: Tiny, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Train(out=tmp_path / "run", train=tiny(method="bc-play")).run()
    assert "latent actions" not in capsys.readouterr().out


def test_coverage_ends_in_a_verdict_that_it_writes_beside_the_figures(
    tiny: Tiny, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Coverage(out=tmp_path / "coverage.json", train=tiny()).run()
    out = capsys.readouterr().out
    assert "errors were measured on 48 labelled steps" in out
    assert "play knows" not in out
    written = json.loads((tmp_path / "coverage.json").read_text())
    assert len(written["expected_error"]) == 3
    assert any("48 labelled steps" in line for line in written["verdict"]["unknown"])


@pytest.mark.parametrize("verb", ["train", "coverage"])
def test_an_encoder_without_a_camera_is_refused(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb, "--vision.encoder", "eye.pt2"]) == 2
    assert "expected a camera whose frames it is for, found none for eye.pt2; name one" in capsys.readouterr().err
