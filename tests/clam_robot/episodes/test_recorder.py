from pathlib import Path

import numpy as np
import pytest

from clam_robot.episodes import EpisodeDataset, Recorder
from clam_robot.specs import CameraSpec
from clam_robot.testing.fakes import FakePolicy, FakeRobot, fake_spec
from clam_robot.timing import ManualClock
from clam_robot.types import EpisodeOutcome, EpisodeStart, Step


def play(recorder: Recorder, *, num_steps: int = 20, success: bool | None = True, seed: int = 0) -> FakeRobot:
    clock = ManualClock()
    robot = FakeRobot(clock, fake_spec({"wrist": CameraSpec(height=16, width=24)}))
    policy = FakePolicy(robot.spec)
    robot.connect()
    robot.reset(seed)
    recorder.on_episode_start(EpisodeStart(spec=robot.spec, task=robot.task, source="expert", seed=seed))
    for _ in range(num_steps):
        observation = robot.get_observation()
        requested = policy.infer(observation).actions[0]
        sent = robot.send_action(requested)
        clock.advance(0.1)
        recorder.on_step(Step(observation=observation, requested=requested, sent=sent, status=robot.task_status()))
    recorder.on_step(Step(observation=robot.get_observation(), requested=None, sent=None))
    recorder.on_episode_end(
        EpisodeOutcome(success=success, episode_return=0.0, num_steps=num_steps, end="success", achieved_hz=10.0)
    )
    return robot


def test_what_the_loop_did_is_what_the_data_set_gives_back(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    robot = play(recorder)
    (episode,) = EpisodeDataset(tmp_path)
    assert recorder.paths == [episode.path]
    assert episode.spec == robot.spec
    assert (episode.task, episode.source, episode.success, episode.length) == ("reach the goal", "expert", True, 21)
    np.testing.assert_array_equal(episode.action[:-1], np.stack(robot.sent))
    assert np.isnan(episode.action[-1]).all()
    assert episode.action_labeled.tolist() == [True] * 20 + [False]
    np.testing.assert_allclose(episode.time, np.arange(21) * 0.1)
    frames = episode.images["wrist"][:]
    np.testing.assert_allclose(frames.mean(axis=(1, 2, 3)), np.arange(21), atol=1.0)


@pytest.mark.parametrize("success", [True, False])
def test_episodes_that_are_not_to_be_kept_are_deleted(tmp_path: Path, success: bool) -> None:
    recorder = Recorder(tmp_path, keep=lambda outcome: not outcome.success)
    play(recorder, success=success)
    assert (recorder.num_kept, recorder.num_discarded) == ((0, 1) if success else (1, 0))
    assert len(list(tmp_path.glob("*episode_*"))) == recorder.num_kept
