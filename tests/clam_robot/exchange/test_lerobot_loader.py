"""What LeRobot's own loader makes of an export.

It needs an interpreter with LeRobot, as the two cannot share one: name it in CLAM_LEROBOT_PYTHON (LeRobot 0.4 or
later, which reads v3.0) and CLAM_LEROBOT_V21_PYTHON (LeRobot 0.3, which reads v2.1).
"""

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from clam_robot.episodes.dataset import EpisodeDataset
from clam_robot.exchange.lerobot_v3 import export_lerobot_v3
from clam_robot.exchange.lerobot_v21 import export_lerobot_v21
from clam_robot.specs import CameraSpec
from tests.clam_robot.exchange.made import Made, made_spec, psnr, record_made

LOADER = Path(__file__).with_name("lerobot_loader.py")
CASES = {"CLAM_LEROBOT_PYTHON": export_lerobot_v3, "CLAM_LEROBOT_V21_PYTHON": export_lerobot_v21}


@pytest.mark.slow
@pytest.mark.parametrize("variable", CASES)
def test_lerobots_loader_gives_what_was_recorded(tmp_path: Path, variable: str) -> None:
    interpreter = os.environ.get(variable)
    if not interpreter:
        pytest.skip(f"{variable} names no interpreter with LeRobot")
    cameras = {"front": CameraSpec(height=48, width=64), "wrist": CameraSpec(height=33, width=47)}
    spec = made_spec(state=7, action=7, cameras=cameras, hz=12.5)
    made = [Made(length=20), Made(length=35, task="öffne die Tür", seed=1, hold_every=3), Made(length=7, seed=2)]
    record_made(tmp_path / "recorded", spec, made)
    dataset = EpisodeDataset(tmp_path / "recorded")
    CASES[variable](dataset, tmp_path / "exported")
    quiet = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run(
        [interpreter, LOADER, tmp_path / "exported", tmp_path / "loaded.npz"],
        env=quiet | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "cache")},
        check=True,
        timeout=600,
    )
    loaded = np.load(tmp_path / "loaded.npz")
    assert (int(loaded["num_episodes"]), float(loaded["fps"])) == (3, 12.5)
    first = 0
    for number, episode in enumerate(dataset):
        rows = slice(first, first + len(episode))
        np.testing.assert_array_equal(loaded["observation.state"][rows], episode.state)
        np.testing.assert_array_equal(
            loaded["action"][rows][episode.action_labeled], episode.action[episode.action_labeled]
        )
        np.testing.assert_array_equal(loaded["action_labeled"][rows], episode.action_labeled)
        np.testing.assert_array_equal(loaded["next.success"][rows], episode.row_success)
        np.testing.assert_allclose(
            loaded["observation.capture_time"][rows], episode.time - np.floor(episode.time[0]), atol=1e-6
        )
        np.testing.assert_array_equal(loaded["episode_index"][rows], number)
        assert set(loaded["task"][rows]) == {episode.task}
        for camera in cameras:
            frames = np.round(loaded[f"observation.images.{camera}"][rows] * 255).transpose(0, 2, 3, 1)
            worst = min(psnr(frames[row], episode.images[camera][row]) for row in range(len(episode)))
            assert worst > 33, (camera, worst)
        first += len(episode)
