"""Time of a policy's pass by engine and number of robots, and how far its actions are from eager's.

    .venv/bin/python tests/benchmarks/inference_engines.py [--num-calls 300] [--engines eager onnx] [--checkpoint DIR]

Weights are untrained but for those of a checkpoint that is named; speed does not depend on them. Differences are shares
of an action's range or of a latent action's deviation.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from clam_robot.errors import EngineUnavailable
from clam_robot.models.actor import Actor
from clam_robot.models.checkpoint import CheckpointHeader, TrainingSummary, build_actor, load_checkpoint
from clam_robot.models.engines.choice import make_engine
from clam_robot.models.engines.engine import Engine
from clam_robot.models.engines.trial import Trial
from clam_robot.specs import CameraSpec, RobotSpec
from clam_robot.timing import MonotonicClock
from clam_robot.training.presets import PRESETS
from sim.metaworld_robot import ACTION, STATE

ENGINES = ("eager", "onnx", "compile")
BATCH_SIZES = (1, 4, 16)
NUM_WARM_UP = 20


def header_of(preset: str) -> CheckpointHeader:
    """What a training run with the settings of a preset would write, for a robot of MetaWorld's size."""
    train = PRESETS[preset]
    camera = train.vision.camera
    cameras = {} if camera is None else {camera: CameraSpec(height=224, width=224)}
    return CheckpointHeader(
        method=train.method,
        spec=RobotSpec(name="synthetic", state=STATE, action=ACTION, control_hz=40.0, cameras=cameras),
        features=train.features,
        vision=train.vision,
        policy=train.policy,
        latent=train.latent,
        training=TrainingSummary(
            play=None, demonstrations=None, num_labeled=0, label_set=0, num_demonstrations=0, seed=0, seconds=0.0
        ),
    )


def policies() -> dict[str, CheckpointHeader]:
    """The shipped policies by what is special about them."""
    ours = header_of("ours")
    chunk = replace(ours.policy, architecture="chunk", chunk=5, history=1)
    return {
        "ours (MLP)": ours,
        "ours, chunk of 5": replace(ours, policy=chunk),
        "images (1 camera)": header_of("images"),
        "paper-mlp": header_of("paper-mlp"),
        "paper-space-time": header_of("paper-space-time"),
    }


def milliseconds(engine: Engine, actor: Actor, header: CheckpointHeader, num_robots: int, num_calls: int) -> np.ndarray:
    """Of each pass."""
    inputs = header.view.random(actor.features.mean, actor.features.std, num_robots)
    times = []
    for _ in range(NUM_WARM_UP + num_calls):
        begun = time.perf_counter()
        engine.act(*inputs)
        times.append(1e3 * (time.perf_counter() - begun))
    return np.array(times[NUM_WARM_UP:])


def measure(policy: str, actor: Actor, header: CheckpointHeader, engines: list[str], num_calls: int) -> None:
    """Print a row for each engine and number of robots."""
    trial = Trial(actor.eval(), header.view, MonotonicClock(), BATCH_SIZES)
    for name in engines:
        begun = time.perf_counter()
        try:
            engine = make_engine(name, actor, header.view)
        except EngineUnavailable as error:
            print(f"{policy:20} {error}")
            continue
        built, difference = time.perf_counter() - begun, trial.difference(engine)
        label = name if name != "auto" else f"auto: {type(engine).__name__}"
        for num_robots in BATCH_SIZES:
            times = milliseconds(engine, actor, header, num_robots, num_calls)
            p50, p99 = np.percentile(times, [50, 99])
            print(
                f"{policy:20} {label:18} {num_robots:6} {p50:8.3f} {p99:8.3f} {p50 / num_robots:10.3f} "
                f"{difference:10.1e} {built:8.1f}",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--num-calls", type=int, default=300)
    parser.add_argument("--engines", nargs="+", default=[*ENGINES, "auto"], choices=[*ENGINES, "auto"])
    parser.add_argument("--checkpoint", type=Path)
    arguments = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    print(
        f"{'policy':20} {'engine':18} {'robots':>6} {'p50 [ms]':>8} {'p99 [ms]':>8} {'per robot':>10} "
        f"{'difference':>10} {'load [s]':>8}"
    )
    if arguments.checkpoint is not None:
        measure("checkpoint", *load_checkpoint(arguments.checkpoint), arguments.engines, arguments.num_calls)
        return
    for policy, header in policies().items():
        measure(policy, build_actor(header), header, arguments.engines, arguments.num_calls)


if __name__ == "__main__":
    main()
