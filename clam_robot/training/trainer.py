"""Runs optimisation stages: progress, TensorBoard, and a state on disk from which an interrupted stage goes on exactly.

Every random choice of step k comes from generators seeded with (seed, stage, k), and what is drawn between two stages,
as initial weights, from one seeded by the end of the stage before. So a resumed run draws what an uninterrupted one
would have drawn, and the state on disk is the weights, the optimiser's moments and k.
"""

import math
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter

from clam_robot import config
from clam_robot.errors import CheckpointError, ConfigError, TrainingDiverged

LossFunction = Callable[[np.random.Generator], tuple[Tensor, Mapping[str, float]]]


@dataclass(frozen=True, kw_only=True)
class OptimizerConfig(config.Strict):
    """AdamW with a cosine schedule to zero.

    Attributes:
        num_steps: updates.
        learning_rate: at the start.
        weight_decay: decoupled.
        max_grad_norm: gradients are clipped to this norm.
    """

    num_steps: int
    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    max_grad_norm: float = 1.0

    def __post_init__(self) -> None:
        if self.num_steps < 1:
            raise ConfigError(f"num_steps must be at least 1, found {self.num_steps}")
        for name in ("learning_rate", "max_grad_norm"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name} must be positive, found {getattr(self, name)}")
        if not self.weight_decay >= 0:
            raise ConfigError(f"weight_decay must not be negative, found {self.weight_decay}")


@runtime_checkable
class Progress(Protocol):
    """Told how far a stage is."""

    def update(self, stage: str, step: int, total: int, logs: Mapping[str, float]) -> None:
        """`step` of `total` updates are done; `logs` are the newest losses."""
        ...


class Trainer:
    """Fits modules one stage after another inside one run folder.

    Args:
        directory: of the run; states go to `state/`, TensorBoard files to `tensorboard/`.
        seed: of every random choice.
        progress: told every `log_every` updates.
        log_every: updates between two log entries.
        save_every: updates between two states on disk.
    """

    def __init__(
        self, directory: Path, *, seed: int, progress: Progress, log_every: int = 100, save_every: int = 1000
    ) -> None:
        self._state_directory = directory / "state"
        self._state_directory.mkdir(parents=True, exist_ok=True)
        self._board_directory = directory / "tensorboard"
        self._seed = seed
        self._progress = progress
        self._log_every = log_every
        self._save_every = save_every

    def fit(
        self,
        stage: str,
        module: nn.Module,
        loss_function: LossFunction,
        config: OptimizerConfig,
        *,
        on_save: Callable[[int], None] | None = None,
    ) -> dict[str, float]:
        """Minimise a loss; goes on where an earlier call in the same folder was interrupted.

        Args:
            stage: name of the stage, unique in the run.
            module: whose parameters are trained; left in evaluation mode.
            loss_function: draws a batch with the generator it is given and returns the loss and its parts.
            config: of the optimiser.
            on_save: called with the step whenever the state is written, and at the end.

        Returns:
            The last logs.

        Raises:
            TrainingDiverged: the loss or its gradient is not finite; the last state on disk is from before.
            CheckpointError: the state on disk is damaged or of another model, or cannot be written.
        """
        parameters = [p for p in module.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(parameters, lr=config.learning_rate, weight_decay=config.weight_decay, fused=True)
        path = self._state_directory / f"{stage}.safetensors"
        first, logs = _load_state(path, module, optimizer) if path.exists() else (0, dict[str, float]())
        with SummaryWriter(str(self._board_directory)) as board:
            for step in range(first + 1, config.num_steps + 1):
                logs = self._update(stage, step - 1, module, optimizer, loss_function, config)
                is_last = step == config.num_steps
                if is_last or step % self._log_every == 0:
                    self._progress.update(stage, step, config.num_steps, logs)
                    for name, value in logs.items():
                        board.add_scalar(f"{stage}/{name}", value, step)
                if is_last or step % self._save_every == 0:
                    _save_state(path, module, optimizer, step, logs)
                    if on_save is not None and not is_last:
                        on_save(step)
        self._seed_draws(stage, config.num_steps)
        module.eval()
        if on_save is not None:
            on_save(config.num_steps)
        return logs

    def _update(
        self,
        stage: str,
        step: int,
        module: nn.Module,
        optimizer: torch.optim.Optimizer,
        loss_function: LossFunction,
        config: OptimizerConfig,
    ) -> dict[str, float]:
        rng = self._seed_draws(stage, step)
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * 0.5 * (1 + math.cos(math.pi * step / config.num_steps))
        module.train()
        loss, parts = loss_function(rng)
        value = loss.item()
        optimizer.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(optimizer.param_groups[0]["params"], config.max_grad_norm).item()
        for what, found in (("loss", value), ("gradient", norm)):
            if not math.isfinite(found):
                raise TrainingDiverged(
                    f"stage {stage}, update {step + 1}: expected a finite {what}, found {found}; "
                    "lower the learning rate or look for extreme values with `clam inspect`"
                )
        optimizer.step()
        return {"loss": value, **parts}

    def _seed_draws(self, stage: str, step: int) -> np.random.Generator:
        rng = np.random.default_rng([self._seed, zlib.crc32(stage.encode()), step])
        seed = int(rng.integers(2**62))
        # As torch.manual_seed, which spends longer than a small layer on every kind of device that is not there.
        torch.default_generator.manual_seed(seed)
        if torch.cuda.is_initialized():
            torch.cuda.manual_seed_all(seed)
        return rng


def _save_state(
    path: Path, module: nn.Module, optimizer: torch.optim.Optimizer, step: int, logs: Mapping[str, float]
) -> None:
    tensors = {f"module.{name}": tensor.contiguous() for name, tensor in module.state_dict().items()}
    for index, moments in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": tensor for name, tensor in moments.items()}
    partial = path.with_suffix(".partial")
    try:
        save_file(tensors, partial, metadata={"step": str(step)} | {f"log.{k}": repr(v) for k, v in logs.items()})
        partial.replace(path)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"cannot write {path}: {error}; is the disk full?") from error


def _load_state(path: Path, module: nn.Module, optimizer: torch.optim.Optimizer) -> tuple[int, dict[str, float]]:
    weights: dict[str, Tensor] = {}
    moments: dict[int, dict[str, Tensor]] = {}
    try:
        with safe_open(path, framework="pt") as file:
            metadata: dict[str, str] = file.metadata() or {}
            for key in file.keys():  # noqa: SIM118 - safe_open has no iterator
                part, _, rest = key.partition(".")
                if part == "module":
                    weights[rest] = file.get_tensor(key)
                else:
                    index, _, name = rest.partition(".")
                    moments.setdefault(int(index), {})[name] = file.get_tensor(key)
        step = int(metadata["step"])
        logs = {key.removeprefix("log."): float(value) for key, value in metadata.items() if key.startswith("log.")}
        module.load_state_dict(weights)
        optimizer.load_state_dict({"state": moments, "param_groups": optimizer.state_dict()["param_groups"]})
        _require_moments(optimizer)
    except (SafetensorError, RuntimeError, ValueError, KeyError, OSError) as error:
        last = str(error).strip().splitlines()[-1].strip()
        raise CheckpointError(
            f"{path} does not fit this model or is damaged ({last}); train into another folder or remove the file"
        ) from None
    return step, logs


def _require_moments(optimizer: torch.optim.Optimizer) -> None:
    """Without them AdamW would begin anew and say nothing."""
    for parameter in optimizer.param_groups[0]["params"]:
        for name in ("exp_avg", "exp_avg_sq"):
            moment = optimizer.state[parameter].get(name)
            if moment is None or moment.shape != parameter.shape:
                raise ValueError(f"expected {name} of every weight, found none of shape {tuple(parameter.shape)}")
