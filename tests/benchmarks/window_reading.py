"""Random training windows per second from disk, state and pictures: this store, LeRobot's loader, and PyAV alone.

    .venv/bin/python -m tests.benchmarks.window_reading [--data FOLDER] [--lerobot PYTHON] [--windows 500]

The same episodes, the same windows' lengths, each reader in one process. PYTHON is an interpreter that has LeRobot; the
data are exported once at LeRobot's own settings (AV1) and once as this project exports by default (H.264). Per CPU
second is what one window costs, whatever else the machine is doing.
"""

import argparse
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from clam_robot.episodes.dataset import EpisodeDataset
from clam_robot.episodes.windows import WindowDataset
from clam_robot.exchange.film_codec import FilmCodec
from clam_robot.exchange.film_reader import read_film
from clam_robot.exchange.lerobot_layout import read_layout
from clam_robot.exchange.lerobot_v3 import LeRobotV3Config, export_lerobot_v3
from clam_robot.specs import CameraSpec
from tests.clam_robot.exchange.made import Made, made_spec, record_made

PAST, FUTURE, BATCH = 1, 2, 32
CODECS = {"LeRobot's settings, AV1": FilmCodec(name="av1"), "H.264": FilmCodec()}
Measured = tuple[float, float]
"""Windows per second, and per CPU second."""


def measure(read: Callable[[int], None], num_windows: int) -> Measured:
    read(10)
    wall, cpu = time.perf_counter(), time.process_time()
    read(num_windows)
    return num_windows / (time.perf_counter() - wall), num_windows / (time.process_time() - cpu)


def of_store(root: Path, num_windows: int) -> Measured:
    dataset = EpisodeDataset(root)
    windows = WindowDataset(list(dataset), past=PAST, future=FUTURE, cameras=tuple(dataset.spec.cameras))
    rng = np.random.default_rng(0)

    def read(count: int) -> None:
        for start in range(0, count, BATCH):
            windows[rng.integers(0, len(windows), min(BATCH, count - start))]

    return measure(read, num_windows)


def of_films(root: Path, num_windows: int) -> Measured:
    """Pictures alone, as fast as PyAV finds them."""
    layout = read_layout(root)
    hz, rng = float(layout.info["fps"]), np.random.default_rng(0)

    def read(count: int) -> None:
        for _ in range(count):
            episode = layout.episodes[rng.integers(len(layout.episodes))]
            for film in episode.films.values():
                assert film.stop is not None
                length = PAST + 1 + FUTURE
                first = film.start + rng.integers(0, max(1, round((film.stop - film.start) * hz) - length)) / hz
                frames = [frame for _, frame in read_film(film.path, start=first, stop=first + length / hz)]
                assert len(frames) == length, len(frames)

    return measure(read, num_windows)


def of_lerobot(interpreter: str, root: Path, num_windows: int) -> Measured:
    script = Path(__file__).with_name("lerobot_windows.py")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    answer = subprocess.run(
        [interpreter, script, root, str(num_windows), str(PAST), str(FUTURE)],
        env=environment | {"HF_HUB_OFFLINE": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found = json.loads(answer.stdout.splitlines()[-1])
    return found["windows"] / found["seconds"], found["windows"] / found["cpu_seconds"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="episodes with cameras; made up by default, 224 x 224")
    parser.add_argument("--lerobot", help="an interpreter that has LeRobot")
    parser.add_argument("--windows", type=int, default=500)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = arguments.data
        if data is None:
            data = Path(folder) / "made"
            spec = made_spec(state=14, action=7, cameras={"front": CameraSpec(height=224, width=224)})
            record_made(data, spec, [Made(length=100, seed=seed) for seed in range(10)])
        rows = {"this store": of_store(data, arguments.windows)}
        for name, codec in CODECS.items():
            exported = Path(folder) / codec.name
            export_lerobot_v3(EpisodeDataset(data), exported, LeRobotV3Config(codec=codec))
            rows[f"PyAV alone, {name}"] = of_films(exported, arguments.windows)
            if arguments.lerobot:
                rows[f"LeRobot's loader, {name}"] = of_lerobot(arguments.lerobot, exported, arguments.windows)
    ours = rows["this store"]
    print(f"| windows of {PAST + 1 + FUTURE} steps | per second | per CPU second | this store is faster by (CPU) |")
    print("|---|---|---|---|")
    for name, (rate, cpu_rate) in rows.items():
        print(f"| {name} | {rate:.0f} | {cpu_rate:.0f} | {ours[1] / cpu_rate:.1f} |")


if __name__ == "__main__":
    main()
