"""A run in its folder: repeatable, resumable, and refusing what does not belong there."""

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from clam_robot.episodes.folder_lock import folder_lock
from clam_robot.errors import CheckpointError, ConfigError, FolderInUse
from clam_robot.models.checkpoint import WEIGHTS, load_checkpoint, load_header
from clam_robot.models.latent_policy import PolicyConfig
from clam_robot.specs import CameraSpec
from clam_robot.testing.fakes import fake_spec
from clam_robot.timing import ManualClock
from clam_robot.training.config import TrainConfig
from clam_robot.training.run import FINISHED, TrainingResult, run_training
from clam_robot.training.trainer import OptimizerConfig
from clam_robot.training.wall_time import TimedProgress, WallTime
from tests.clam_robot.training.conftest import NUM_DEMONSTRATIONS, Datasets, Heard, half_asleep, play

Tiny = Callable[..., TrainConfig]
Config = Callable[..., TrainConfig]

STAGES = {
    "clam": ["latent_actions", "policy"],
    "vpt": ["inverse_dynamics", "policy"],
    "lapo": ["latent_actions", "grounding", "policy"],
    "lapa": ["latent_actions", "code_policy", "policy"],
    "dynamo": ["embedding", "policy"],
    "bc-play": ["policy"],
    "oracle": ["policy"],
}


class Slow(Heard):
    """The clock moves on before each report."""

    def __init__(self, clock: ManualClock, seconds: float, *, interrupt_at: tuple[str, int] | None) -> None:
        super().__init__(interrupt_at)
        self._clock = clock
        self._seconds = seconds

    def update(self, stage: str, step: int, total: int, logs: Mapping[str, float]) -> None:
        self._clock.advance(self._seconds)
        super().update(stage, step, total, logs)


def weights(directory: Path) -> bytes:
    return (directory / "checkpoint" / WEIGHTS).read_bytes()


@pytest.fixture(scope="module")
def config(tiny: Tiny, datasets: Datasets) -> Config:
    """A tiny run of any method."""

    def make(method: str, **changes: Any) -> TrainConfig:  # noqa: ANN401
        return tiny(method=method, **({"demonstrations": datasets.play} if method == "oracle" else {}) | changes)

    return make


@pytest.mark.parametrize("method", STAGES)
def test_a_run_is_repeatable_bit_by_bit(config: Config, tmp_path: Path, method: str) -> None:
    for folder in ("a", "b"):
        run_training(config(method), tmp_path / folder, Heard())
        torch.rand(3)  # whatever was drawn before does not matter
    assert weights(tmp_path / "a") == weights(tmp_path / "b")


@pytest.mark.parametrize(
    "change",
    [{"seed": 1}, {"label_set": 1}, {"num_demonstrations": 3}, {"policy": PolicyConfig(hidden=8, dropout=0.5)}],
)
def test_what_decides_what_is_learned_decides_it(tiny: Tiny, tmp_path: Path, change: dict[str, object]) -> None:
    run_training(tiny(), tmp_path / "a", Heard())
    run_training(tiny(**change), tmp_path / "b", Heard())
    assert weights(tmp_path / "a") != weights(tmp_path / "b")


@pytest.mark.parametrize(
    ("num_steps", "at"),
    [pytest.param(12, 12, id="between its stages"), pytest.param(102, 100, id="in each of its stages")],
)
@pytest.mark.parametrize("method", STAGES)
def test_an_interrupted_run_ends_as_if_it_had_not_been(
    config: Config, tmp_path: Path, method: str, num_steps: int, at: int
) -> None:
    settings, stages = config(method, num_steps=num_steps, save_every=70), STAGES[method]
    for number, stage in enumerate(stages):
        heard = Heard(interrupt_at=(stage, at))
        with pytest.raises(KeyboardInterrupt):
            run_training(settings, tmp_path / "interrupted", heard)
        assert {stage for stage, _, _ in heard.updates} == set(stages[max(0, number - 1) : number + 1])
    again = Heard()
    run_training(settings, tmp_path / "interrupted", again)
    assert {stage for stage, _, _ in again.updates} == {stages[-1]}
    run_training(settings, tmp_path / "whole", Heard())
    assert weights(tmp_path / "interrupted") == weights(tmp_path / "whole")


def test_the_policy_so_far_can_be_used_while_it_is_trained(tiny: Tiny, tmp_path: Path) -> None:
    config = tiny(method="bc-play", num_steps=102, save_every=70)
    with pytest.raises(KeyboardInterrupt):
        run_training(config, tmp_path, Heard(interrupt_at=("policy", 100)))
    action, _ = load_checkpoint(tmp_path / "checkpoint")[0].act(torch.zeros(1, 1, 6))
    assert action.shape == (1, 1, 3)


def test_a_finished_run_is_not_trained_again(tiny: Tiny, tmp_path: Path) -> None:
    first = run_training(tiny(), tmp_path, Heard())
    expected, heard = weights(tmp_path), Heard()
    again = run_training(tiny(), tmp_path, heard, ManualClock())
    assert heard.updates == []
    assert weights(tmp_path) == expected
    assert (first.was_finished, again.was_finished) == (False, True)
    assert again.seconds == pytest.approx(first.seconds, abs=0.06)


def test_the_wall_time_of_a_run_is_that_of_all_its_calls(tiny: Tiny, tmp_path: Path) -> None:
    clock, config = ManualClock(), tiny()

    def take(seconds: float, *, interrupt_at: tuple[str, int] | None = None) -> TrainingResult:
        return run_training(config, tmp_path, Slow(clock, seconds, interrupt_at=interrupt_at), clock)

    with pytest.raises(KeyboardInterrupt):
        take(100.0, interrupt_at=("latent_actions", 12))
    with pytest.raises(KeyboardInterrupt):
        take(20.0, interrupt_at=("policy", 12))  # the end of the stage before is repeated
    assert load_header(take(3.0).checkpoint).training.seconds == 143.0
    assert take(7.0).seconds == 143.0


def test_the_wall_time_of_a_killed_run_is_known_to_its_last_report(tmp_path: Path) -> None:
    clock = ManualClock(5.0)
    killed = TimedProgress(Heard(), WallTime(tmp_path / "time.json", clock))
    for step in range(3):
        clock.advance(2.0)
        killed.update("policy", step, 3, {})
    clock.advance(1.0)
    assert WallTime(tmp_path / "time.json", clock).seconds == 6.0
    (tmp_path / "time.json").write_text("{")
    assert WallTime(tmp_path / "time.json", clock).seconds == 0.0


def test_a_run_that_another_program_has_is_refused_with_its_name(tiny: Tiny, tmp_path: Path) -> None:
    with (
        folder_lock(tmp_path, "clam train"),
        pytest.raises(FolderInUse, match=rf"is in use by clam train \(process {os.getpid()} on"),
    ):
        run_training(tiny(), tmp_path, Heard())
    assert not run_training(tiny(), tmp_path, Heard()).was_finished


def test_a_finished_run_that_lost_its_checkpoint_writes_it_again(tiny: Tiny, tmp_path: Path) -> None:
    run_training(tiny(), tmp_path, Heard())
    expected = weights(tmp_path)
    shutil.rmtree(tmp_path / "checkpoint")
    assert not run_training(tiny(), tmp_path, Heard()).was_finished
    assert weights(tmp_path) == expected


def test_a_damaged_end_of_a_run_is_named(tiny: Tiny, tmp_path: Path) -> None:
    run_training(tiny(), tmp_path, Heard())
    (tmp_path / FINISHED).write_text("{}")
    with pytest.raises(CheckpointError, match=r"finished\.json is damaged .* delete it"):
        run_training(tiny(), tmp_path, Heard())


def test_stages_are_reported_in_order(config: Config, tmp_path: Path) -> None:
    for method, stages in STAGES.items():
        heard = Heard()
        run_training(config(method), tmp_path / method, heard)
        assert heard.updates == [(stage, 12, 12) for stage in stages]


@pytest.mark.parametrize("method", [method for method in STAGES if method != "oracle"])
def test_batches_without_a_label_by_chance_do_no_harm(
    tiny: Tiny, record: Callable[..., Path], tmp_path: Path, method: str
) -> None:
    sparse = record(tmp_path / "play", range(4), half_asleep)
    result = run_training(tiny(method=method, play=sparse, batch_size=1), tmp_path / "run", Heard())
    action, _ = load_checkpoint(result.checkpoint)[0].act(torch.zeros(1, 1, 6))
    assert torch.isfinite(action).all()


def test_the_checkpoint_says_how_it_was_trained(tiny: Tiny, datasets: Datasets, tmp_path: Path) -> None:
    clam = run_training(tiny(label_set=1, seed=3), tmp_path / "clam", Heard(), stopwatch=ManualClock())
    header = load_header(clam.checkpoint)
    assert header.method == "clam"
    assert header.spec == fake_spec()
    assert header.latent == tiny().latent
    assert header.training.play == str(datasets.play)
    assert header.training.demonstrations == str(datasets.demonstrations)
    assert (header.training.num_labeled, header.training.label_set) == (4, 1)
    assert (header.training.num_demonstrations, header.training.seed) == (NUM_DEMONSTRATIONS, 3)
    assert clam.seconds == header.training.seconds == 0.0
    cloned = load_header(run_training(tiny(method="bc-play"), tmp_path / "bc", Heard()).checkpoint)
    assert cloned.latent is None
    assert cloned.training.demonstrations is None


def test_a_policy_of_states_asks_for_no_camera(tiny: Tiny, record: Callable[..., Path], tmp_path: Path) -> None:
    seeing = fake_spec({"front": CameraSpec(height=4, width=6)})
    filmed = record(tmp_path / "play", range(4), play, spec=seeing)
    result = run_training(tiny(method="bc-play", play=filmed), tmp_path / "run", Heard())
    assert load_header(result.checkpoint).spec.is_compatible(fake_spec())


def test_a_run_leaves_a_checkpoint_its_settings_states_and_tensorboard_files_and_no_pickle(
    tiny: Tiny, tmp_path: Path
) -> None:
    run_training(tiny(), tmp_path, Heard())
    files = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    board = [file for file in files if file.startswith("tensorboard/events.out.tfevents.")]
    assert board
    assert [file for file in files if file not in board] == [
        "checkpoint/checkpoint.json",
        "checkpoint/weights.safetensors",
        "diagnostics.json",
        "finished.json",
        "state/latent_actions.safetensors",
        "state/policy.safetensors",
        "train.json",
    ]
    content = b"".join((tmp_path / file).read_bytes() for file in board)
    for tag in (b"latent_actions/loss", b"latent_actions/reconstruction", b"latent_actions/action", b"policy/loss"):
        assert tag in content


def test_a_folder_of_another_run_is_refused_and_told_what_differs(tiny: Tiny, tmp_path: Path) -> None:
    run_training(tiny(), tmp_path, Heard())
    expected = weights(tmp_path)
    changed = tiny(seed=5, policy_optimizer=OptimizerConfig(num_steps=12, learning_rate=0.5))
    with pytest.raises(ConfigError) as caught:
        run_training(changed, tmp_path, Heard())
    message = str(caught.value)
    assert "seed: 0 there, 5 now" in message
    assert "policy_optimizer.learning_rate: 0.001 there, 0.5 now" in message
    assert "label_set" not in message
    assert "--out" in message
    assert weights(tmp_path) == expected


@pytest.mark.parametrize("content", ["", "{", '{"method": "clam", "surprise": 1}', '{"method": "magic"}'])
def test_settings_that_cannot_be_read_are_said_in_one_line(tiny: Tiny, tmp_path: Path, content: str) -> None:
    (tmp_path / "train.json").write_text(content)
    with pytest.raises(ConfigError, match=r"train\.json") as caught:
        run_training(tiny(), tmp_path, Heard())
    assert "\n" not in str(caught.value)


def test_settings_are_written_for_people(tiny: Tiny, tmp_path: Path) -> None:
    run_training(tiny(), tmp_path, Heard())
    settings = json.loads((tmp_path / "train.json").read_text())
    assert settings["latent"]["latent_dim"] == 4


def test_a_folder_is_not_made_for_a_run_that_cannot_begin(tiny: Tiny, tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        run_training(tiny(play=None), tmp_path / "run", Heard())
    assert not (tmp_path / "run").exists()


def test_a_device_that_is_not_there(tiny: Tiny, tmp_path: Path) -> None:
    there = torch.cuda.device_count()
    with pytest.raises(
        ConfigError, match=f"device: expected {there + 1} GPU, found {there}; use --device cpu or fewer"
    ) as caught:
        run_training(tiny(device="cuda", devices=there + 1), tmp_path, Heard())
    assert "\n" not in str(caught.value)


def test_a_damaged_state_in_the_folder(tiny: Tiny, tmp_path: Path) -> None:
    run_training(tiny(), tmp_path, Heard())
    (tmp_path / FINISHED).unlink()
    (tmp_path / "state" / "policy.safetensors").write_bytes(b"nothing")
    with pytest.raises(CheckpointError, match=r"policy\.safetensors"):
        run_training(tiny(), tmp_path, Heard())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("num_labeled", 0),
        ("label_set", -1),
        ("num_demonstrations", 0),
        ("seed", -1),
        ("batch_size", 0),
        ("threads", 0),
        ("save_every", 0),
        ("devices", 0),
    ],
)
def test_impossible_settings_are_refused_by_name(tiny: Tiny, name: str, value: int) -> None:
    with pytest.raises(ConfigError, match=f"{name} must be at least {value + 1}, found {value}"):
        tiny(**{name: value})
