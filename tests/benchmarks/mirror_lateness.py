"""What copying finished episodes to S3 costs the loop that records the next one, and how fast windows come from there.

    .venv/bin/python -m tests.benchmarks.mirror_lateness [--seconds 40]

A loop of 50 Hz hands over a row in every period and a picture of 640 x 480 in every fifth, five seconds an episode, in
turns with and without a mirror to an S3 server of this machine (moto's, in a process of its own). Then the episodes are
copied and read: windows of three rows with pictures, from the folder, and from the URL through the cache.
"""

import argparse
import os
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from clam_robot.episodes import EpisodeDataset, Recorder, WindowDataset, folders
from clam_robot.episodes.stores.cache import FOLDER
from clam_robot.episodes.stores.copy import copy_episodes
from clam_robot.episodes.stores.mirror import Mirror
from clam_robot.episodes.stores.opening import open_store
from clam_robot.episodes.stores.reading import open_dataset
from clam_robot.specs import CameraSpec, RobotSpec, VectorSpec
from clam_robot.timing import MonotonicClock
from clam_robot.types import EpisodeOutcome, EpisodeStart, Observation, Step
from tests.clam_robot.episodes.stores.s3_server import make_bucket, s3_server

HZ, PICTURE_EVERY, SECONDS_EACH = 50.0, 5, 5.0
NUM_BATCHES, BATCH = 30, 32
CLOCK = MonotonicClock()


def make_spec() -> RobotSpec:
    vector = VectorSpec(names=("x", "y"), units=("1", "1"), low=(-np.inf,) * 2, high=(np.inf,) * 2)
    cameras = {"front": CameraSpec(height=480, width=640)}
    return RobotSpec(name="drawn", state=vector, action=vector, cameras=cameras, control_hz=HZ)


def record(root: Path, seconds: float, pictures: list[np.ndarray], url: str | None) -> np.ndarray:
    """How late each period began [s]."""
    spec, late = make_spec(), []
    outcome = EpisodeOutcome(success=True, episode_return=None, num_steps=1, end="horizon", achieved_hz=HZ)
    with ExitStack() as stack:
        if url is not None:
            stack.enter_context(Mirror(root, url))
        recorder = stack.enter_context(Recorder(root))
        begin = CLOCK.now()
        while CLOCK.now() < begin + seconds:
            recorder.on_episode_start(EpisodeStart(spec=spec, task="t", source="play", seed=0, is_labeled=True))
            due = CLOCK.now()
            for row in range(round(SECONDS_EACH * HZ)):
                due += 1.0 / HZ
                CLOCK.sleep_until(due)
                late.append(CLOCK.now() - due)
                number = row // PICTURE_EVERY
                observation = Observation(
                    time=due,
                    state=np.zeros(2, np.float32),
                    images={"front": pictures[number % len(pictures)]},
                    image_times={"front": float(number)},
                )
                action = np.zeros(2, np.float32)
                recorder.on_step(Step(observation=observation, requested=action, sent=action, status=None))
            recorder.on_episode_end(outcome)
    return np.array(late)


def windows_a_second(dataset: EpisodeDataset) -> float:
    windows, rng = WindowDataset(dataset, past=1, future=1, cameras=("front",)), np.random.default_rng(0)
    begin = time.perf_counter()
    for _ in range(NUM_BATCHES):
        _ = windows[rng.integers(0, len(windows), BATCH)]
    return NUM_BATCHES * BATCH / (time.perf_counter() - begin)


def told(late: np.ndarray) -> str:
    p50, p99 = np.percentile(1000 * late, [50, 99])
    return f"late p50 {p50:.2f} ms, p99 {p99:.2f} ms, worst {1000 * late.max():.1f} ms ({len(late)} periods)"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=40.0, help="of each turn")
    seconds = parser.parse_args().seconds
    rng = np.random.default_rng(0)
    pictures = [np.kron(rng.integers(0, 256, (60, 80, 3)), np.ones((8, 8, 1))).astype(np.uint8) for _ in range(8)]
    with tempfile.TemporaryDirectory() as home, s3_server(Path(home)) as environment:
        os.environ |= environment | {FOLDER: f"{home}/caches"}
        make_bucket(environment, "lab")
        for turn in range(2):
            root = Path(home) / f"data{turn}"
            for name, url in (("alone", None), ("mirror", f"s3://lab/data{turn}")):
                print(f"{name:7} {told(record(root, seconds, pictures, url))}", flush=True)
        size = sum(folders.num_bytes(root / name) for name in folders.finished_episodes(root)) / 1e6
        begin = time.perf_counter()
        results = list(copy_episodes(open_store(root), open_store("s3://lab/copied")))
        assert not any(result.error for result in results)
        print(f"copy, read back: {size / (time.perf_counter() - begin):.1f} MB/s ({size:.0f} MB)")
        begin = time.perf_counter()
        dataset = open_dataset("s3://lab/copied")
        print(f"fetch: {size / (time.perf_counter() - begin):.1f} MB/s")
        begin = time.perf_counter()
        open_dataset("s3://lab/copied")
        print(f"opened again: {time.perf_counter() - begin:.2f} s for {len(dataset)} episodes")
        for name, opened in (("folder", EpisodeDataset(root)), ("URL", dataset)):
            print(f"windows from the {name}: {windows_a_second(opened):.0f} a second")


if __name__ == "__main__":
    main()
