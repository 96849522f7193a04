"""Time of a policy's pass by engine and number of robots, and how far its actions are from eager's.

    .venv/bin/python tests/benchmarks/inference_engines.py [--num-calls 300] [--engines eager onnx] [--checkpoint DIR]

Weights are untrained but for those of a checkpoint that is named; speed does not depend on them. Differences are shares
of an action's range or of a latent action's deviation. CPU time is what a pass costs, whatever else the machine does.
"""

import argparse
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from clam_robot.errors import EngineUnavailable
from clam_robot.models.actor import Actor
from clam_robot.models.checkpoint import CheckpointHeader, TrainingSummary, build_actor, load_checkpoint
from clam_robot.models.engines.choice import make_engine
from clam_robot.models.engines.engine import Engine
from clam_robot.models.engines.names import EngineName
from clam_robot.models.engines.trial import Trial
from clam_robot.specs import CameraSpec, RobotSpec
from clam_robot.timing import MonotonicClock
from clam_robot.training.presets import PRESETS
from sim.metaworld_robot import ACTION, STATE

ENGINES: tuple[EngineName, ...] = ("eager", "onnx", "compile", "auto")
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


def times_of(
    engines: Mapping[str, Engine], inputs: tuple[Tensor, Tensor | None], num_calls: int
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Wall and CPU time of each pass [ms]; engines take turns, so that a busy moment is everyone's."""
    wall, cpu = ({name: np.empty(NUM_WARM_UP + num_calls) for name in engines} for _ in range(2))
    for call in range(NUM_WARM_UP + num_calls):
        for name, engine in engines.items():
            begun, begun_cpu = time.perf_counter(), time.process_time()
            engine.act(*inputs)
            wall[name][call] = 1e3 * (time.perf_counter() - begun)
            cpu[name][call] = 1e3 * (time.process_time() - begun_cpu)
    return {name: (wall[name][NUM_WARM_UP:], cpu[name][NUM_WARM_UP:]) for name in engines}


def measure(policy: str, actor: Actor, header: CheckpointHeader, names: list[EngineName], num_calls: int) -> None:
    """Print what loading took, then a row for each number of robots and engine."""
    trial = Trial(actor.eval(), header.view, MonotonicClock(), BATCH_SIZES)
    engines: dict[str, Engine] = {}
    for name in names:
        begun, begun_cpu = time.perf_counter(), time.process_time()
        try:
            engines[name] = make_engine(name, actor, header.view)
        except EngineUnavailable as error:
            print(f"{policy}: {error}")
            continue
        wall, cpu = time.perf_counter() - begun, time.process_time() - begun_cpu
        print(f"{policy}: {name} is {type(engines[name]).__name__}, loaded in {wall:.1f} s ({cpu:.1f} s of CPU)")
    differences = {name: trial.difference(engine) for name, engine in engines.items()}
    for num_robots in BATCH_SIZES:
        inputs = header.view.random(actor.features.mean, actor.features.std, num_robots)
        for name, (wall, cpu) in times_of(engines, inputs, num_calls).items():
            p50, p99 = np.percentile(wall, [50, 99])
            print(
                f"{policy:20} {num_robots:6} {name:8} {p50:8.3f} {p99:8.3f} {np.median(cpu):8.3f} "
                f"{p50 / num_robots:10.3f} {differences[name]:10.1e}",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--num-calls", type=int, default=300)
    parser.add_argument("--engines", nargs="+", default=[*ENGINES], choices=ENGINES)
    parser.add_argument("--checkpoint", type=Path)
    arguments = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    print(
        f"{'policy':20} {'robots':>6} {'engine':8} {'p50 [ms]':>8} {'p99 [ms]':>8} {'CPU [ms]':>8} "
        f"{'per robot':>10} {'difference':>10}"
    )
    if arguments.checkpoint is not None:
        measure("checkpoint", *load_checkpoint(arguments.checkpoint), arguments.engines, arguments.num_calls)
        return
    for policy, header in policies().items():
        measure(policy, build_actor(header), header, arguments.engines, arguments.num_calls)


if __name__ == "__main__":
    main()
