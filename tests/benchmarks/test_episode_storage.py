"""How fast episodes are written, found and summed up. The figures are reported; only gross failure is an error.

The test run checks the types of every call, which costs several times what is measured; figures that count come from
`python -m pytest -o addopts="" -s tests/benchmarks/test_episode_storage.py`.
"""

import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from clam_robot.episodes import EpisodeDataset, Recorder, WindowDataset, folders
from clam_robot.episodes.index import INDEX
from clam_robot.episodes.summary import summarize
from clam_robot.specs import CameraSpec, RobotSpec, VectorSpec
from clam_robot.types import EpisodeOutcome, EpisodeStart, Observation, Step

NUM_EPISODES = 40
OUTCOME = EpisodeOutcome(success=True, episode_return=1.0, num_steps=100, end="success", achieved_hz=50.0)


def vector(size: int) -> VectorSpec:
    names = tuple(f"x{i}" for i in range(size))
    return VectorSpec(names=names, units=("1",) * size, low=(-np.inf,) * size, high=(np.inf,) * size)


def robot(cameras: dict[str, CameraSpec] | None = None) -> RobotSpec:
    return RobotSpec(name="made", state=vector(39), action=vector(4), cameras=cameras or {}, control_hz=50.0)


def steps(spec: RobotSpec, length: int) -> list[Step]:
    rng = np.random.default_rng(0)
    # Smooth with a little noise, as a camera sees it; pure noise would make JPEG look twice as dear.
    textures = {
        name: [
            (np.linspace(0, 200, size.width)[None, :, None] + rng.normal(30, 2, size.shape)).astype(np.uint8)
            for _ in range(4)
        ]
        for name, size in spec.cameras.items()
    }
    made: list[Step] = []
    for t in range(length):
        action = rng.normal(size=4).astype(np.float32)
        frames = {name: textures[name][t % len(textures[name])] for name in spec.cameras}
        observation = Observation(
            time=t / 50,
            state=rng.normal(size=39).astype(np.float32),
            images=frames,
            image_times=dict.fromkeys(frames, t / 50),
        )
        made.append(Step(observation=observation, requested=action, sent=action))
    return made


def record(root: Path, spec: RobotSpec, made: list[Step], num_episodes: int, *, durable: bool) -> Recorder:
    recorder = Recorder(root, durable=durable, wait_when_full=True)
    for seed in range(num_episodes):
        recorder.on_episode_start(EpisodeStart(spec=spec, task="reach", source="play", seed=seed))
        for step in made:
            recorder.on_step(step)
        recorder.on_episode_end(OUTCOME)
    return recorder


@pytest.mark.parametrize("durable", [False, True], ids=["fast", "durable"])
def test_recording_states_only(tmp_path: Path, durable: bool) -> None:
    spec = robot()
    made = steps(spec, 101)
    wall, cpu = time.perf_counter(), time.process_time()
    paths = record(tmp_path, spec, made, NUM_EPISODES, durable=durable).paths
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(
        f"\n{NUM_EPISODES} episodes of 101 rows, S=39, A=4, durable={durable}: {wall / NUM_EPISODES * 1e3:.1f} ms each"
        f" ({cpu / NUM_EPISODES * 1e3:.1f} ms CPU), {NUM_EPISODES / wall:.0f} episodes/s,"
        f" {folders.num_bytes(paths[0]):,} bytes each"
    )
    assert wall < 60


def test_recording_two_cameras(tmp_path: Path) -> None:
    camera = CameraSpec(height=480, width=640)
    spec = robot({"wrist": camera, "over": camera})
    made = steps(spec, 96)
    record(tmp_path, spec, made[:1], 1, durable=True)
    appended, wall, cpu = 0.0, time.perf_counter(), time.process_time()
    recorder = Recorder(tmp_path, wait_when_full=True)
    recorder.on_episode_start(EpisodeStart(spec=spec, task="reach", source="teleop"))
    for step in made:
        before = time.perf_counter()
        recorder.on_step(step)
        appended = max(appended, time.perf_counter() - before)
    recorder.on_episode_end(OUTCOME)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    num_frames = 2 * len(made)
    print(
        f"\n{num_frames} frames of 640x480: {cpu / num_frames * 1e3:.2f} ms CPU and {wall / num_frames * 1e3:.2f} ms a"
        f" frame, {folders.num_bytes(recorder.paths[0]) / num_frames / 1e3:.0f} kB a frame"
    )
    assert wall < 60


def test_a_thousand_episodes_summed_up_and_ten_thousand_opened(tmp_path: Path) -> None:
    spec = robot()
    (path,) = record(tmp_path, spec, steps(spec, 101), 1, durable=False).paths
    for k in range(1, 1000):
        shutil.copytree(path, tmp_path / f"episode_{k:06}", copy_function=os.link)
    (tmp_path / INDEX).unlink()
    for state in ("without an index", "with it"):
        wall = time.perf_counter()
        summary = summarize(tmp_path)
        print(f"\nsummary of 1,000 episodes {state}: {(time.perf_counter() - wall) * 1e3:.0f} ms", end="")
        assert summary.num_rows == 101_000
    wall = time.perf_counter()
    windows = WindowDataset(EpisodeDataset(tmp_path), past=4, future=1)
    print(f"\nwindows of 1,000 episodes loaded: {(time.perf_counter() - wall) * 1e3:.0f} ms", end="")
    wall = time.perf_counter()
    for start in range(0, 100_000, 1024):
        windows[np.arange(start, min(start + 1024, len(windows)))]
    print(f"\nwindow batches of 1,024: {(time.perf_counter() - wall) / 98 * 1e3:.2f} ms each", end="")
    for k in range(1000, 10_000):
        (tmp_path / f"episode_{k:06}").mkdir()
    wall = time.perf_counter()
    dataset = EpisodeDataset(tmp_path)
    opened = time.perf_counter() - wall
    first = WindowDataset([dataset[0]], past=4, future=1)[np.arange(64)]
    print(
        f"\n10,000 episodes opened: {opened * 1e3:.0f} ms, first batch after"
        f" {(time.perf_counter() - wall) * 1e3:.0f} ms"
    )
    assert (len(dataset), len(first)) == (10_000, 64)


def test_frames_read_at_random(tmp_path: Path) -> None:
    spec = robot({"wrist": CameraSpec(height=480, width=640)})
    record(tmp_path, spec, steps(spec, 96), 1, durable=False)
    (episode,) = EpisodeDataset(tmp_path)
    frames = episode.images["wrist"]
    rng = np.random.default_rng(0)
    for width in (1, 8):
        wall = time.perf_counter()
        for start in rng.integers(0, 96 - width, 30).tolist():
            assert frames[start : start + width].shape == (width, 480, 640, 3)
        print(f"\nwindow of {width} frames of 640x480: {(time.perf_counter() - wall) / 30 * 1e3:.1f} ms", end="")
    print()
