"""One training run in one folder: configuration, states, TensorBoard files, and the checkpoint it ends in."""

import json
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric

import clam_robot
from clam_robot import config as files
from clam_robot.episodes.folder_lock import folder_lock
from clam_robot.errors import CheckpointError, ConfigError
from clam_robot.models.checkpoint import CheckpointHeader, TrainingSummary, save_checkpoint
from clam_robot.timing import Clock, MonotonicClock
from clam_robot.training.config import TrainConfig
from clam_robot.training.data import load_training_data
from clam_robot.training.fabric import launch, together
from clam_robot.training.methods import RECIPES, Trained, effective, require_networks
from clam_robot.training.trainer import Progress, Trainer
from clam_robot.training.wall_time import TimedProgress, WallTime

CONFIG = "train.json"
CHECKPOINT = "checkpoint"
FINISHED = "finished.json"
DIAGNOSTICS = "diagnostics.json"
TIME = "time.json"


@dataclass(frozen=True, kw_only=True)
class TrainingResult:
    """What a run left.

    Attributes:
        checkpoint: folder of the trained policy.
        seconds: wall time of all calls that trained it [s].
        was_finished: whether an earlier call had finished it, so that this one had nothing to do.
    """

    checkpoint: Path
    seconds: float
    was_finished: bool = False


def run_training(
    config: TrainConfig, directory: Path, progress: Progress, stopwatch: Clock | None = None
) -> TrainingResult:
    """Train, or go on with the run that `directory` holds; of a finished one, say what it left.

    Deterministic on the CPU: the same configuration and data give the same weights, interrupted or not.

    Raises:
        ConfigError: the folder holds a run of another configuration, settings do not fit, or there is no such device.
        TrainingError: the data lacks labels, the loss diverged, or another process of the run is gone.
        CheckpointError: a state in the folder or a pretrained encoder is damaged, or the disk refuses.
        FolderInUse: another program trains in the folder.
    """
    stopwatch = stopwatch or MonotonicClock()
    fabric = launch(config)
    with together(fabric), folder_lock(directory, "clam train") if fabric.is_global_zero else nullcontext():
        wall_time = WallTime(directory / TIME, stopwatch)
        return _train(config, directory, progress, fabric, wall_time)


def _train(
    config: TrainConfig, directory: Path, progress: Progress, fabric: Fabric, wall_time: WallTime
) -> TrainingResult:
    torch.set_num_threads(config.threads)
    data = load_training_data(config)
    require_networks(data.spec, config)
    _require_own(directory, config)  # by every process, so that none waits for one that has refused
    fabric.barrier()
    if fabric.is_global_zero:
        _claim(directory, config)
    fabric.barrier()
    checkpoint, finished = directory / CHECKPOINT, directory / FINISHED
    if finished.exists() and checkpoint.exists():
        return TrainingResult(checkpoint=checkpoint, seconds=_seconds(finished), was_finished=True)
    timed = TimedProgress(progress, wall_time)
    trainer = Trainer(directory, seed=config.seed, progress=timed, fabric=fabric, save_every=config.save_every)
    torch.manual_seed(config.seed)

    def save(trained: Trained) -> None:
        header = CheckpointHeader(
            method=config.method,
            spec=data.spec,
            features=config.features,
            vision=config.vision,
            policy=trained.policy,
            latent=trained.latent,
            training=TrainingSummary(
                play=None if data.play is None else str(config.play),
                demonstrations=None if data.demonstrations is None else str(config.demonstrations),
                num_labeled=data.num_play,
                label_set=config.label_set,
                num_demonstrations=data.num_demonstrations,
                seed=config.seed,
                seconds=round(wall_time.seconds, 1),
            ),
            software_version=clam_robot.__version__,
        )
        save_checkpoint(checkpoint, trained.actor, header)

    try:
        trained = RECIPES[config.method](data, effective(config), trainer, save)
    except BaseException:
        if fabric.is_global_zero:
            wall_time.save()
        raise
    seconds = wall_time.seconds
    if fabric.is_global_zero:
        save(trained)
        if trained.diagnostics is not None:
            _write(directory / DIAGNOSTICS, files.to_dict(trained.diagnostics))
        _write(finished, {"seconds": round(seconds, 1)})
        wall_time.end()
    fabric.barrier()
    return TrainingResult(checkpoint=checkpoint, seconds=seconds)


def _seconds(finished: Path) -> float:
    try:
        return float(json.loads(finished.read_text())["seconds"])
    except (ValueError, LookupError, TypeError) as error:
        raise CheckpointError(f"{finished} is damaged ({error}); delete it, and training ends the run again") from None


def _claim(directory: Path, config: TrainConfig) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    if not (directory / CONFIG).exists():
        _write(directory / CONFIG, files.to_dict(config))


def _require_own(directory: Path, config: TrainConfig) -> None:
    path = directory / CONFIG
    if not path.exists():
        return
    different = list(_differences(files.to_dict(files.load(TrainConfig, path)), files.to_dict(config)))
    if different:
        raise ConfigError(
            f"{directory} holds a run with other settings ({'; '.join(different)}); "
            "train into another folder with --out, or repeat the settings to go on with that run"
        )


def _write(path: Path, content: Mapping[str, Any]) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(content, indent=1))
    partial.replace(path)


def _differences(there: Mapping[str, Any], wanted: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in wanted.items():
        if isinstance(value, dict):
            yield from _differences(there[key], value, f"{prefix}{key}.")
        elif there[key] != value:
            yield f"{prefix}{key}: {there[key]} there, {value} now"
