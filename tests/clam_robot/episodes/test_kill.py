"""What `kill -9` leaves of a data set."""

import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from clam_robot.episodes import Episode, EpisodeDataset, repair, summarize
from clam_robot.errors import NoEpisodes
from clam_robot.specs import RobotSpec

# Records 40-row episodes with a camera for ever; row t of episode k holds 1000 k + t.
RECORD = """
import itertools, sys
from pathlib import Path
import numpy as np
from clam_robot.episodes import EpisodeWriter
from clam_robot.specs import CameraSpec, RobotSpec, VectorSpec
from clam_robot.types import EpisodeOutcome, EpisodeStart, Observation, Step

one = VectorSpec(names=("x",), units=("m",), low=(-1e9,), high=(1e9,))
spec = RobotSpec(name="made", state=one, action=one, cameras={"wrist": CameraSpec(height=64, width=64)}, control_hz=10)
for k in itertools.count():
    writer = EpisodeWriter(Path(sys.argv[1]), EpisodeStart(spec=spec, task=str(k), source="play"), wait_when_full=True)
    for t in range(40):
        value = np.full(1, 1000 * k + t, np.float32)
        image = np.full((64, 64, 3), t, np.uint8)
        observation = Observation(time=t / 10, state=value, images={"wrist": image}, image_times={"wrist": t / 10})
        writer.append(Step(observation=observation, requested=value, sent=value))
    outcome = EpisodeOutcome(success=None, episode_return=None, num_steps=40, end="horizon", achieved_hz=10.0)
    print(writer.commit(outcome).name, flush=True)
"""


@pytest.mark.parametrize("turn", range(6))
def test_a_kill_harms_no_finished_episode(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], record: Callable[..., Path], turn: int
) -> None:
    process = subprocess.Popen([sys.executable, "-c", RECORD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    announced = [process.stdout.readline().strip()]
    time.sleep(random.Random(turn).uniform(0.0, 0.4))
    process.kill()
    announced += process.stdout.read().split()
    process.wait(10)
    process.stdout.close()

    dataset = EpisodeDataset(tmp_path)
    assert set(announced) <= set(dataset.names)
    assert len(dataset) <= len(announced) + 1
    for episode in dataset:
        assert episode.length == 40
        _require_rows(episode)
    summary = summarize(tmp_path)
    assert (summary.num_episodes, summary.num_rows, len(summary.damaged)) == (len(dataset), 40 * len(dataset), 0)
    assert len(summary.partial) <= 1

    # What reached the disk of the unfinished one can be kept.
    for partial in summary.partial:
        assert not partial.is_recording
        try:
            repaired = repair(tmp_path / partial.name)
        except NoEpisodes as error:
            assert "nothing of it" in str(error)
        else:
            assert repaired is not None
            assert (0 < repaired.num_rows <= 40, repaired.losses) == (True, ())
            _require_rows(Episode(repaired.path))

    # Recording goes on beside what the kill left.
    path = record(tmp_path, make_spec(state=1, action=1), 3)
    assert path.name not in dataset.names
    assert Episode(path).length == 3


def _require_rows(episode: Episode) -> None:
    episode.check()
    k, rows = int(episode.task), np.arange(episode.length)
    np.testing.assert_array_equal(episode.state[:, 0], 1000 * k + rows)
    np.testing.assert_array_equal(episode.action[:, 0], 1000 * k + rows)
    assert np.abs(episode.images["wrist"][:].mean(axis=(1, 2, 3)) - rows).max() <= 1
