"""Random windows from a LeRobot data set with LeRobot's own loader: run by an interpreter that has LeRobot.

    python lerobot_windows.py DATASET NUM_WINDOWS PAST FUTURE

Prints windows, wall seconds and CPU seconds as JSON, in one process.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "clam_robot/exchange"))
from lerobot_loader import loader


def main(path: str, num_windows: int, past: int, future: int) -> None:
    kind = loader()
    fps = kind("local/exported", root=path, video_backend="pyav").fps
    offsets = [k / fps for k in range(-past, future + 1)]
    plain = kind("local/exported", root=path, video_backend="pyav")
    keys = ["observation.state", *plain.meta.camera_keys]
    dataset = kind("local/exported", root=path, video_backend="pyav", delta_timestamps=dict.fromkeys(keys, offsets))
    chosen = np.random.default_rng(0).integers(0, len(dataset), num_windows + 10).tolist()
    for index in chosen[:10]:
        dataset[index]
    wall, cpu = time.perf_counter(), time.process_time()
    for index in chosen[10:]:
        item = dataset[index]
    seconds, cpu_seconds = time.perf_counter() - wall, time.process_time() - cpu
    assert all(item[key].shape[0] == past + 1 + future for key in keys)
    print(json.dumps({"windows": num_windows, "seconds": seconds, "cpu_seconds": cpu_seconds}))


if __name__ == "__main__":
    main(sys.argv[1], *(int(word) for word in sys.argv[2:]))
