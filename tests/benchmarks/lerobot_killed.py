"""The peer of `kill_recorder.py`, by LeRobot's public interface: run by an interpreter that has LeRobot.

python lerobot_killed.py record DATASET    # records episode after episode and says which is saved, until killed
python lerobot_killed.py read DATASET      # prints how many of them can be read, as JSON
"""

import itertools
import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "clam_robot/exchange"))
from lerobot_loader import loader

NUM_ROWS = 96
FEATURES = {
    "observation.state": {"dtype": "float32", "shape": (1,), "names": ["x"]},
    "action": {"dtype": "float32", "shape": (1,), "names": ["x"]},
    "observation.images.wrist": {"dtype": "video", "shape": (120, 160, 3), "names": ["height", "width", "channels"]},
}


def record(root: str) -> None:
    dataset = loader().create("local/killed", fps=10, features=FEATURES, root=root, video_backend="pyav")
    print("ready", flush=True)
    for episode in itertools.count():
        for t in range(NUM_ROWS):
            value, image = np.full(1, t, np.float32), np.full((120, 160, 3), 2 * t + 1, np.uint8)
            row = {"observation.state": value, "action": value, "observation.images.wrist": image}
            dataset.add_frame(row | {"task": "none"})
        dataset.save_episode()
        print(episode, flush=True)


def read(root: str) -> None:
    try:
        dataset = loader()("local/killed", root=root, video_backend="pyav")
        whole = 0
        for episode in range(dataset.num_episodes):
            rows = [dataset[episode * NUM_ROWS + t] for t in range(NUM_ROWS)]
            whole += [float(row["observation.state"]) for row in rows] == list(range(NUM_ROWS))
        print(json.dumps({"episodes": whole, "error": None}))
    except Exception as error:  # noqa: BLE001 - whatever the reader meets is the finding
        print(json.dumps({"episodes": 0, "error": f"{type(error).__name__}: {str(error).splitlines()[0][:160]}"}))


if __name__ == "__main__":
    {"record": record, "read": read}[sys.argv[1]](sys.argv[2])
