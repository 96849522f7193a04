"""The trainer: repeatable, interruptible anywhere, and loud when something breaks."""

import itertools
import math
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from clam_robot.errors import CheckpointError, ConfigError, TrainingDiverged
from clam_robot.models.networks import mlp
from clam_robot.training.draws import Draws
from clam_robot.training.trainer import Draw, OptimizerConfig, Trainer
from tests.clam_robot.training.conftest import Heard

NUM_STEPS, SAVE_EVERY, LOG_EVERY = 23, 5, 4
CONFIG = OptimizerConfig(num_steps=NUM_STEPS)

# What becomes of the error before it is minimised.
After = Callable[[Tensor], Tensor]
POOL = torch.randn(1000, 3, generator=torch.Generator().manual_seed(0))


class Regression(nn.Module):
    """The target is a fixed function of the inputs."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor, after: After) -> tuple[Tensor, dict[str, float]]:
        error = (self.network(x) - x[:, :2] * 3).square().mean()
        return after(error), {"error": error.item()}


def network(hidden: int = 8) -> Regression:
    """With dropout, so that torch's draws matter as well as numpy's."""
    return Regression(mlp(3, 2, hidden=hidden, num_layers=2, dropout=0.3))


def draw(draws: Draws, step: int) -> tuple[Tensor, After]:
    """Other inputs in every step."""
    return POOL[draws.indices(len(POOL), 16)], lambda error: error


def weights(module: nn.Module) -> Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in module.parameters()]).clone()


@pytest.fixture
def make_trainer(tmp_path: Path) -> Callable[..., Trainer]:
    def make(folder: str = "run", progress: object = None, seed: int = 0) -> Trainer:
        return Trainer(
            tmp_path / folder, seed=seed, progress=progress or Heard(), log_every=LOG_EVERY, save_every=SAVE_EVERY
        )

    return make


MakeTrainer = Callable[..., Trainer]


def fit_two_stages(trainer: Trainer, after: Callable[[str], After] = lambda stage: lambda error: error) -> Tensor:
    """As a method does it: the second network is made when the first stage is over."""

    def drawn_for(stage: str) -> Draw:
        end = after(stage)
        return lambda draws, step: (draw(draws, step)[0], end)

    torch.manual_seed(0)
    first = network()
    trainer.fit("first", first, drawn_for("first"), CONFIG)
    second = network()
    trainer.fit("second", second, drawn_for("second"), CONFIG)
    return torch.cat([weights(first), weights(second)])


def test_the_loss_falls(make_trainer: MakeTrainer) -> None:
    torch.manual_seed(0)
    module, heard = Regression(mlp(3, 2, hidden=8, num_layers=1)), Heard()
    logs = make_trainer(progress=heard).fit("stage", module, draw, OptimizerConfig(num_steps=200, learning_rate=0.01))
    assert logs["loss"] < 0.5 * heard.logs[0]["loss"]
    assert logs == heard.logs[-1]
    assert not module.training


def test_twice_the_same_run_gives_the_same_weights(make_trainer: MakeTrainer) -> None:
    assert torch.equal(fit_two_stages(make_trainer("a")), fit_two_stages(make_trainer("b")))


def test_another_seed_gives_other_weights(make_trainer: MakeTrainer) -> None:
    assert not torch.equal(fit_two_stages(make_trainer("a", seed=0)), fit_two_stages(make_trainer("b", seed=1)))


def test_what_others_draw_in_between_does_not_matter(make_trainer: MakeTrainer) -> None:
    class Greedy(Heard):
        def update(self, *arguments: object) -> None:
            torch.rand(3)
            np.random.default_rng().random(3)

    assert torch.equal(fit_two_stages(make_trainer("a")), fit_two_stages(make_trainer("b", Greedy())))


@pytest.mark.parametrize(
    "at",
    [
        pytest.param(("first", 4), id="before the first state"),
        pytest.param(("first", 16), id="between two states"),
        pytest.param(("first", 23), id="after the last update of a stage"),
        pytest.param(("second", 4), id="before the first state of the second stage"),
        pytest.param(("second", 20), id="at a state of the second stage"),
        pytest.param(("second", 23), id="at the end"),
    ],
)
def test_a_run_interrupted_at_a_report_ends_as_if_it_had_not_been(
    make_trainer: MakeTrainer, at: tuple[str, int]
) -> None:
    with pytest.raises(KeyboardInterrupt):
        fit_two_stages(make_trainer("interrupted", Heard(interrupt_at=at)))
    assert torch.equal(fit_two_stages(make_trainer("interrupted")), fit_two_stages(make_trainer("whole")))


@pytest.mark.parametrize("num_updates", [SAVE_EVERY + 1, 2 * SAVE_EVERY + 2])
def test_a_run_interrupted_again_and_again_in_mid_update_ends_as_if_it_had_not_been(
    make_trainer: MakeTrainer, num_updates: int
) -> None:
    interruptions = [KeyboardInterrupt()] * 4

    def interrupt(stage: str) -> After:
        calls = itertools.count(1)

        def interrupted(error: Tensor) -> Tensor:
            if next(calls) == num_updates and interruptions:
                raise interruptions.pop()
            return error

        return interrupted

    for _ in range(4):
        with pytest.raises(KeyboardInterrupt):
            fit_two_stages(make_trainer("interrupted"), interrupt)
    assert torch.equal(fit_two_stages(make_trainer("interrupted"), interrupt), fit_two_stages(make_trainer("whole")))


def test_a_finished_stage_is_not_trained_again(make_trainer: MakeTrainer) -> None:
    expected = fit_two_stages(make_trainer())

    def forbid(stage: str) -> After:
        def fail(error: Tensor) -> Tensor:
            raise AssertionError(f"{stage} was trained again")

        return fail

    assert torch.equal(fit_two_stages(make_trainer(), forbid), expected)


def test_the_caller_may_save_along(make_trainer: MakeTrainer) -> None:
    module, saved = network(), list[int]()
    make_trainer().fit("stage", module, draw, CONFIG, on_save=saved.append)
    assert saved == [5, 10, 15, 20, 23]
    again = list[int]()
    make_trainer().fit("stage", module, draw, CONFIG, on_save=again.append)
    assert again == [23]


def test_progress_is_told_now_and_then_and_at_the_end(make_trainer: MakeTrainer) -> None:
    module, heard = network(), Heard()
    make_trainer(progress=heard).fit("stage", module, draw, CONFIG)
    assert heard.updates == [("stage", step, NUM_STEPS) for step in (4, 8, 12, 16, 20, 23)]
    assert set(heard.logs[0]) == {"loss", "error"}


def test_the_learning_rate_falls_to_nothing(make_trainer: MakeTrainer) -> None:
    torch.manual_seed(0)
    module, seen = network(), list[Tensor]()

    def watched(draws: Draws, step: int) -> tuple[Tensor, After]:
        seen.append(weights(module))
        return draw(draws, step)

    make_trainer().fit("stage", module, watched, OptimizerConfig(num_steps=40, learning_rate=0.01, weight_decay=0.0))
    seen.append(weights(module))
    moved = [(after - before).abs().max().item() for before, after in itertools.pairwise(seen)]
    assert moved[0] == pytest.approx(0.01, rel=0.05)
    assert moved[-1] < 0.01 * moved[0]


def test_the_learning_rate_rises_in_the_warmup_and_falls_with_the_cosine() -> None:
    config = OptimizerConfig(num_steps=10, learning_rate=2.0, warmup=4)
    cosine = [1 + math.cos(math.pi * step / 10) for step in range(10)]
    warmup = [0.25, 0.5, 0.75, 1, 1, 1, 1, 1, 1, 1]
    found = [config.learning_rate_at(step) for step in range(10)]
    assert found == pytest.approx([a * b for a, b in zip(warmup, cosine, strict=True)])


def test_a_constant_learning_rate_is_constant_after_the_warmup() -> None:
    config = OptimizerConfig(num_steps=10, learning_rate=2.0, warmup=2, schedule="constant")
    assert [config.learning_rate_at(step) for step in range(5)] == [1.0, 2.0, 2.0, 2.0, 2.0]


def test_the_learning_rate_of_the_schedule_is_that_of_the_update(make_trainer: MakeTrainer) -> None:
    torch.manual_seed(0)
    module, seen = network(), list[Tensor]()

    def watched(draws: Draws, step: int) -> tuple[Tensor, After]:
        seen.append(weights(module))
        return draw(draws, step)

    config = OptimizerConfig(num_steps=4, learning_rate=0.01, warmup=4, schedule="constant", weight_decay=0.0)
    make_trainer().fit("stage", module, watched, config)
    # AdamW moves every weight by its learning rate in the first update.
    assert (seen[1] - seen[0]).abs().max().item() == pytest.approx(0.0025, rel=0.05)


def test_what_is_frozen_is_neither_trained_nor_in_the_way_of_going_on(make_trainer: MakeTrainer) -> None:
    def fit(trainer: Trainer) -> tuple[Tensor, Tensor]:
        torch.manual_seed(0)
        module = network()
        module.network[0].requires_grad_(False)
        before = module.network[0].weight.clone()
        trainer.fit("stage", module, draw, CONFIG)
        assert torch.equal(module.network[0].weight, before)
        return weights(module), before

    with pytest.raises(KeyboardInterrupt):
        fit(make_trainer("interrupted", Heard(interrupt_at=("stage", 12))))
    assert torch.equal(fit(make_trainer("interrupted"))[0], fit(make_trainer("whole"))[0])


def test_a_draw_is_told_which_update_it_is_for(make_trainer: MakeTrainer) -> None:
    steps = list[int]()

    def told(draws: Draws, step: int) -> tuple[Tensor, After]:
        steps.append(step)
        return draw(draws, step)

    with pytest.raises(KeyboardInterrupt):
        make_trainer(progress=Heard(interrupt_at=("stage", 12))).fit("stage", network(), told, CONFIG)
    assert steps == list(range(12))
    steps.clear()
    make_trainer().fit("stage", network(), told, CONFIG)
    assert steps == list(range(10, NUM_STEPS))


def test_tensorboard_files_hold_every_loss_by_stage(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    fit_two_stages(make_trainer())
    content = b"".join(file.read_bytes() for file in (tmp_path / "run" / "tensorboard").iterdir())
    for tag in (b"first/loss", b"first/error", b"second/loss", b"second/error"):
        assert content.count(tag) == 6


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_diverged_loss_names_stage_and_update_and_leaves_the_last_state(
    make_trainer: MakeTrainer, tmp_path: Path, value: float
) -> None:
    calls = 0

    def diverge(stage: str) -> After:
        def diverged(error: Tensor) -> Tensor:
            nonlocal calls
            calls += stage == "second"
            return error * value if calls == 13 else error

        return diverged

    with pytest.raises(TrainingDiverged, match="stage second, update 13: expected a finite loss, found"):
        fit_two_stages(make_trainer(), diverge)
    assert torch.equal(fit_two_stages(make_trainer()), fit_two_stages(make_trainer("whole")))


def test_a_diverged_gradient_of_a_finite_loss_is_never_stepped_along(make_trainer: MakeTrainer) -> None:
    def steepen(stage: str) -> After:
        calls = itertools.count(1)
        return lambda error: error + (error - error).sqrt() if next(calls) == SAVE_EVERY else error

    with pytest.raises(TrainingDiverged, match="stage first, update 5: expected a finite gradient"):
        fit_two_stages(make_trainer(), steepen)
    assert torch.equal(fit_two_stages(make_trainer()), fit_two_stages(make_trainer("whole")))


def _rewrite(path: Path, edit: Callable[[dict[str, Tensor], dict[str, str]], object]) -> None:
    with safe_open(path, framework="pt") as file:
        metadata = dict(file.metadata())
    tensors = load_file(path)
    edit(tensors, metadata)
    save_file(tensors, path, metadata=metadata or None)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-10]),
    "no safetensors": lambda path: path.write_bytes(struct.pack("<Q", 2**60) + b"something else"),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "no step": lambda path: _rewrite(path, lambda tensors, metadata: metadata.pop("step")),
    "no metadata": lambda path: _rewrite(path, lambda tensors, metadata: metadata.clear()),
    "step no number": lambda path: _rewrite(path, lambda tensors, metadata: metadata.update(step="many")),
    "no moments": lambda path: _rewrite(
        path, lambda tensors, _: [tensors.pop(key) for key in list(tensors) if key.startswith("optimizer.")]
    ),
    "a moment missing": lambda path: _rewrite(path, lambda tensors, _: tensors.pop("optimizer.1.exp_avg_sq")),
    "a moment of another shape": lambda path: _rewrite(
        path, lambda tensors, _: tensors.update({"optimizer.0.exp_avg": torch.zeros(3, 3)})
    ),
    "a weight missing": lambda path: _rewrite(path, lambda tensors, _: tensors.pop("module.network.0.weight")),
    "foreign tensors": lambda path: save_file({"anything": torch.zeros(2)}, path, metadata={"step": "3"}),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_or_foreign_state_is_said_in_one_line_and_left_alone(
    make_trainer: MakeTrainer, tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    module = network()
    make_trainer().fit("stage", module, draw, CONFIG)
    path = tmp_path / "run" / "state" / "stage.safetensors"
    damage(path)
    with pytest.raises(CheckpointError, match=r"stage\.safetensors does not fit this model or is damaged") as caught:
        make_trainer().fit("stage", network(), draw, CONFIG)
    assert "\n" not in str(caught.value)
    assert path.exists()


def test_a_state_of_another_network_is_refused(make_trainer: MakeTrainer) -> None:
    module, wider = network(), network(hidden=9)
    make_trainer().fit("stage", module, draw, CONFIG)
    with pytest.raises(CheckpointError, match="size mismatch"):
        make_trainer().fit("stage", wider, draw, CONFIG)


def test_a_state_that_cannot_be_written_says_so(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    module, trainer = network(), make_trainer()
    (tmp_path / "run" / "state" / "stage.partial").mkdir()
    with pytest.raises(CheckpointError, match="cannot write"):
        trainer.fit("stage", module, draw, CONFIG)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("num_steps", 0),
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("weight_decay", -1.0),
        ("warmup", -1),
        ("max_grad_norm", 0.0),
    ],
)
def test_impossible_settings_are_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(ConfigError, match=name):
        OptimizerConfig(**{"num_steps": 1, name: value})
