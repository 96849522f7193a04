"""Where a run computes: device, precision and processes, by Lightning Fabric."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from lightning_fabric import Fabric

from clam_robot.errors import ConfigError, TrainingError
from clam_robot.training.config import TrainConfig

logging.getLogger("lightning_fabric").setLevel(logging.WARNING)


def launch(config: TrainConfig) -> Fabric:
    """Start the processes of a run; with more than one, each goes on from here with a rank of its own.

    The others are started with the command line of this one, or by torchrun or a cluster that has started them already.

    Raises:
        ConfigError: no such device, or fewer than asked for.
    """
    if config.device == "cuda" and torch.cuda.device_count() < config.devices:
        raise ConfigError(
            f"device: expected {config.devices} GPU, found {torch.cuda.device_count()}; use --device cpu or fewer"
        )
    uses_gpu = config.device == "cuda" or (config.device == "auto" and torch.cuda.device_count() >= config.devices)
    fabric = Fabric(
        accelerator="cuda" if uses_gpu else "cpu",
        devices=config.devices,
        strategy="ddp" if config.devices > 1 else "auto",
        precision=config.precision,
    )
    fabric.launch()
    return fabric


@contextmanager
def together(fabric: Fabric) -> Iterator[None]:
    """What the processes of a run do together.

    Raises:
        TrainingError: another of them is gone. What ended it is in its own words.
    """
    try:
        yield
    except RuntimeError as error:
        if fabric.world_size == 1 or not _is_of_another(error):
            raise
        raise TrainingError(
            f"process {fabric.global_rank} of {fabric.world_size}: another process of this run has ended; see what it "
            "said last, and give the same command again, which goes on from the last state that was saved"
        ) from None


def _is_of_another(error: RuntimeError) -> bool:
    """Whether a collective failed because a process does not answer; gloo raises nothing more special."""
    return isinstance(error, torch.distributed.DistError) or "gloo" in str(error)
