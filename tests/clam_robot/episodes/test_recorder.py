import dataclasses
import logging
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from clam_robot.episodes import EpisodeDataset, Recorder, folders
from clam_robot.episodes.attributes import read
from clam_robot.episodes.episode_files import EpisodeFiles
from clam_robot.episodes.records import Record
from clam_robot.episodes.repair import repair
from clam_robot.errors import EpisodeError
from clam_robot.interfaces import Subscriber
from clam_robot.specs import CameraSpec
from clam_robot.testing.fakes import FakePolicy, FakeRobot, fake_spec
from clam_robot.timing import ManualClock
from clam_robot.types import EpisodeOutcome, EpisodeStart, Step


class FullDisk(EpisodeFiles):
    """Has room for nothing but descriptions."""

    def append(self, records: Sequence[Record]) -> None:
        raise OSError(28, "No space left on device")


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


def test_a_recorder_is_a_subscriber(tmp_path: Path) -> None:
    assert isinstance(Recorder(tmp_path), Subscriber)


def test_nothing_is_written_before_the_first_episode(tmp_path: Path) -> None:
    with Recorder(tmp_path / "new"):
        pass
    assert not (tmp_path / "new").exists()


def test_a_failing_disk_is_logged_at_once_and_raised_when_the_episode_ends(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = Recorder(tmp_path, files=FullDisk)
    recorder.on_episode_start(EpisodeStart(spec=fake_spec(), task="", source="teleop"))
    robot = FakeRobot(ManualClock())
    robot.connect()
    robot.reset()
    step = Step(observation=robot.get_observation(), requested=None, sent=None)
    with caplog.at_level(logging.ERROR):
        for _ in range(600):
            recorder.on_step(step)
            if caplog.records:
                break
            time.sleep(0.001)
    assert "recording stopped: cannot write" in caplog.text
    recorder.on_step(step)
    assert len(caplog.records) == 1
    outcome = EpisodeOutcome(success=None, episode_return=None, num_steps=1, end="fault", achieved_hz=1.0)
    with pytest.raises(EpisodeError, match="No space left on device"):
        recorder.on_episode_end(outcome)
    assert [path.name for path in tmp_path.iterdir()] == [".episode_000000.partial"]
    assert (recorder.num_kept, recorder.num_discarded) == (0, 0)


def test_recording_goes_on_after_an_episode_that_failed(tmp_path: Path) -> None:
    full = Recorder(tmp_path, files=FullDisk)
    with pytest.raises(EpisodeError):
        play(full)
    recorder = Recorder(tmp_path)
    play(recorder)
    assert [path.name for path in recorder.paths] == ["episode_000001"]


def test_an_episode_that_never_ended_is_discarded_by_the_next_one_and_at_the_end(tmp_path: Path) -> None:
    start = EpisodeStart(spec=fake_spec(), task="", source="play")
    with Recorder(tmp_path) as recorder:
        recorder.on_episode_start(start)
        play(recorder)
        recorder.on_episode_start(start)
    assert (recorder.num_kept, recorder.num_discarded) == (1, 2)
    assert EpisodeDataset(tmp_path).names == ("episode_000000",)
    assert not list(tmp_path.glob(".*"))


def test_steps_outside_an_episode_are_ignored(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    robot = play(recorder)
    recorder.on_step(Step(observation=robot.get_observation(), requested=None, sent=None))
    recorder.on_episode_end(
        EpisodeOutcome(success=None, episode_return=None, num_steps=1, end="fault", achieved_hz=1.0)
    )
    assert recorder.num_kept == 1


def test_an_episode_under_review_waits_written_until_somebody_decides(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, is_reviewed=True)
    play(recorder)
    assert recorder.undecided is not None
    assert recorder.num_kept == 0
    (waiting,) = folders.partial_episodes(tmp_path)
    assert folders.is_being_recorded(tmp_path / waiting)
    path = recorder.commit(dataclasses.replace(recorder.undecided, success=False, verdict="failure", notes="slipped"))
    (episode,) = EpisodeDataset(tmp_path)
    attributes = read(path)
    assert (episode.path, episode.length, episode.success) == (path, 21, False)
    assert (attributes.verdict, attributes.notes) == ("failure", "slipped")

    play(recorder)
    recorder.discard()
    assert (recorder.num_kept, recorder.num_discarded, recorder.undecided) == (1, 1, None)
    assert folders.partial_episodes(tmp_path) == []
    with pytest.raises(EpisodeError, match="found none"):
        recorder.commit(EpisodeOutcome(success=None, episode_return=None, num_steps=0, end="", achieved_hz=0.0))


def test_what_nobody_decided_on_is_left_to_be_repaired_whole(tmp_path: Path) -> None:
    with Recorder(tmp_path, is_reviewed=True) as recorder:
        play(recorder)
    assert list(tmp_path.glob("episode_*")) == []
    (name,) = folders.partial_episodes(tmp_path)
    done = repair(tmp_path / name)
    assert done is not None
    (episode,) = EpisodeDataset(tmp_path)
    assert (episode.path, episode.length, episode.attributes.end) == (done.path, 21, "recovered")
    assert episode.success is None  # nobody decided


def test_what_was_noted_of_an_episode_outlives_the_program(tmp_path: Path) -> None:
    with Recorder(tmp_path, is_reviewed=True) as recorder:
        recorder.note("of nothing")
        play(recorder)
        recorder.note("slipped")
        recorder.note("slipped\nonce")
        (name,) = folders.partial_episodes(tmp_path)
        shutil.copytree(tmp_path / name, tmp_path / "killed" / name)  # as a kill would leave it
        recorder.note("slipped\nonce more")
        assert recorder.undecided is not None
        path = recorder.commit(dataclasses.replace(recorder.undecided, success=True))
    done = repair(tmp_path / "killed" / name)
    assert done is not None and done.path is not None
    assert (read(done.path).notes, read(done.path).length) == ("slipped\nonce", 21)
    assert (read(path).notes, read(path).success) == ("slipped\nonce more", True)


def test_a_full_disk_under_review_is_raised_at_the_end_and_nothing_waits(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, is_reviewed=True, files=FullDisk)
    with pytest.raises(EpisodeError, match="clam repair"):
        play(recorder)
    assert recorder.undecided is None
    assert len(folders.partial_episodes(tmp_path)) == 1
