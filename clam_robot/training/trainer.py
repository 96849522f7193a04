"""Runs optimisation stages: progress, TensorBoard, and a state on disk from which an interrupted stage goes on exactly.

Lightning Fabric brings devices, precision and several processes, which share every batch.

Every random choice of step k comes from generators seeded with (seed, stage, k), and what is drawn between two stages,
as initial weights, from one seeded by the end of the stage before. So a resumed run draws what an uninterrupted one
would have drawn, and the state on disk is the weights, the optimiser's moments and k.
"""

import math
import zlib
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
import torch
from lightning_fabric import Fabric
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter

from clam_robot import config
from clam_robot.errors import CheckpointError, ConfigError, TrainingDiverged
from clam_robot.training.draws import Draws

# Draws a batch: arguments of the module, which returns the loss and its parts.
Draw = Callable[[Draws, int], tuple[Any, ...]]


@dataclass(frozen=True, kw_only=True)
class OptimizerConfig(config.Strict):
    """AdamW with a linear warm-up and a cosine schedule to zero.

    Attributes:
        num_steps: updates.
        learning_rate: the largest.
        warmup: updates until it is reached.
        schedule: cosine, or constant after the warm-up.
        weight_decay: decoupled.
        max_grad_norm: gradients are clipped to this norm.
    """

    num_steps: int
    learning_rate: float = 1e-3
    warmup: int = 0
    schedule: Literal["cosine", "constant"] = "cosine"
    weight_decay: float = 1e-2
    max_grad_norm: float = 1.0

    def __post_init__(self) -> None:
        if self.num_steps < 1:
            raise ConfigError(f"num_steps must be at least 1, found {self.num_steps}")
        for name in ("learning_rate", "max_grad_norm"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name} must be positive, found {getattr(self, name)}")
        for name in ("weight_decay", "warmup"):
            if not getattr(self, name) >= 0:
                raise ConfigError(f"{name} must not be negative, found {getattr(self, name)}")

    def learning_rate_at(self, step: int) -> float:
        """In update `step`, counted from 0."""
        rate = self.learning_rate * min(1.0, (step + 1) / max(1, self.warmup))
        if self.schedule == "constant":
            return rate
        return rate * 0.5 * (1 + math.cos(math.pi * step / self.num_steps))


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
        fabric: launched; one process on the CPU by default.
        log_every: updates between two log entries.
        save_every: updates between two states on disk.
    """

    def __init__(
        self,
        directory: Path,
        *,
        seed: int,
        progress: Progress,
        fabric: Fabric | None = None,
        log_every: int = 100,
        save_every: int = 1000,
    ) -> None:
        self.fabric = fabric or Fabric(accelerator="cpu", devices=1)
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
        draw: Draw,
        config: OptimizerConfig,
        *,
        on_save: Callable[[int], None] | None = None,
    ) -> dict[str, float]:
        """Minimise what a module returns; goes on where an earlier call in the same folder was interrupted.

        Args:
            stage: name of the stage, unique in the run.
            module: its forward returns the loss and its parts; left in evaluation mode.
            draw: gives the arguments of `module` for an update, from the random draws of that update and its number.
            config: of the optimiser.
            on_save: called with the step whenever the state is written, and at the end, by the first process.

        Returns:
            The last logs.

        Raises:
            TrainingDiverged: the loss or its gradient is not finite; the last state on disk is from before.
            CheckpointError: the state on disk is damaged or of another model, or cannot be written.
        """
        module = module.to(self.fabric.device)
        parameters = [p for p in module.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(parameters, lr=config.learning_rate, weight_decay=config.weight_decay, fused=True)
        path = self._state_directory / f"{stage}.safetensors"
        first, logs = _load_state(path, module, optimizer) if path.exists() else (0, dict[str, float]())
        self.fabric.barrier()  # nobody writes what another still reads
        if first < config.num_steps:
            logs = self._run(stage, module, optimizer, draw, config, first, on_save)
        self._seed_draws(stage, config.num_steps)
        module.eval()
        if on_save is not None and self.fabric.is_global_zero:
            on_save(config.num_steps)
        return logs

    def note(self, what: str, values: Mapping[str, float]) -> None:
        """Add measures of a finished stage to the TensorBoard files."""
        if self.fabric.is_global_zero:
            with SummaryWriter(str(self._board_directory)) as board:
                for name, value in values.items():
                    board.add_scalar(f"{what}/{name}", value, 0)

    def _run(
        self,
        stage: str,
        module: nn.Module,
        optimizer: torch.optim.Optimizer,
        draw: Draw,
        config: OptimizerConfig,
        first: int,
        on_save: Callable[[int], None] | None,
    ) -> dict[str, float]:
        logs: dict[str, float] = {}
        update = _Update(self.fabric, module, optimizer, config, stage)
        path = self._state_directory / f"{stage}.safetensors"
        is_first_process = self.fabric.is_global_zero
        with SummaryWriter(str(self._board_directory)) if is_first_process else nullcontext() as board:
            for step in range(first + 1, config.num_steps + 1):
                logs = update(draw(self._seed_draws(stage, step - 1), step - 1), step - 1)
                is_last = step == config.num_steps
                if board is None:
                    continue
                if is_last or step % self._log_every == 0:
                    self._progress.update(stage, step, config.num_steps, logs)
                    for name, value in logs.items():
                        board.add_scalar(f"{stage}/{name}", value, step)
                if is_last or step % self._save_every == 0:
                    _save_state(path, module, optimizer, step, logs)
                    if on_save is not None and not is_last:
                        on_save(step)
        return logs

    def _seed_draws(self, stage: str, step: int) -> Draws:
        rng = np.random.default_rng([self._seed, zlib.crc32(stage.encode()), step])
        seed = int(rng.integers(2**62)) + self.fabric.global_rank  # dropout differs between processes, batches do not
        # As torch.manual_seed, which spends longer than a small layer on every kind of device that is not there.
        torch.default_generator.manual_seed(seed)
        if torch.cuda.is_initialized():
            torch.cuda.manual_seed_all(seed)
        return Draws(rng, rank=self.fabric.global_rank, world_size=self.fabric.world_size, device=self.fabric.device)


class _Update:
    """One step of the optimiser, on every process of the run."""

    def __init__(
        self,
        fabric: Fabric,
        module: nn.Module,
        optimizer: torch.optim.Optimizer,
        config: OptimizerConfig,
        stage: str,
    ) -> None:
        self._fabric = fabric
        self._config = config
        self._stage = stage
        self._module, self._optimizer = fabric.setup(module, optimizer, move_to_device=False)

    def __call__(self, batch: tuple[Any, ...], step: int) -> dict[str, float]:
        for group in self._optimizer.param_groups:
            group["lr"] = self._config.learning_rate_at(step)
        self._module.train()
        loss, parts = self._module(*batch)
        value = loss.item()
        self._optimizer.zero_grad()
        self._fabric.backward(loss)
        clipped = self._fabric.clip_gradients(
            self._module, self._optimizer, max_norm=self._config.max_grad_norm, error_if_nonfinite=False
        )
        norm = math.nan if clipped is None else clipped.item()
        for what, found in (("loss", value), ("gradient", norm)):
            if not math.isfinite(found):
                raise TrainingDiverged(
                    f"stage {self._stage}, update {step + 1}: expected a finite {what}, found {found}; "
                    "lower the learning rate or look for extreme values with `clam inspect`"
                )
        self._optimizer.step()
        return {"loss": value, **parts}


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
