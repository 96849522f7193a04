"""Frames and joints at their own rates, beside the rows."""

import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clam_robot.episodes import Episode, EpisodeWriter, Recorder, WindowDataset
from clam_robot.episodes.episode_files import EpisodeFiles
from clam_robot.episodes.records import Record
from clam_robot.errors import InvalidImage, InvalidVector
from clam_robot.specs import RobotSpec
from clam_robot.types import EpisodeOutcome, EpisodeStart, Observation, Step

JOINTS = ("waist", "elbow")


def shade(number: int, spec: RobotSpec, camera: str = "wrist") -> np.ndarray:
    return np.full(spec.cameras[camera].shape, number % 251, np.uint8)


def step_of(spec: RobotSpec, time: float, frame: int, frame_time: float) -> Step:
    state = np.full(len(spec.state), frame, np.float32)
    observation = Observation(
        time=time, state=state, images={"wrist": shade(frame, spec)}, image_times={"wrist": frame_time}
    )
    return Step(observation=observation, requested=None, sent=None)


def start_of(spec: RobotSpec) -> EpisodeStart:
    return EpisodeStart(spec=spec, task="reach", source="teleop")


def test_frames_between_rows_are_kept_once_with_their_times_and_rows_refer_to_them(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], make_outcome: Callable[..., EpisodeOutcome]
) -> None:
    """A camera of 30 Hz beside a loop of 10 Hz, then of 50 Hz."""
    spec = make_spec(cameras={"wrist": (8, 8)})
    for hz, num_rows in ((10, 20), (50, 100)):
        writer = EpisodeWriter(tmp_path, start_of(spec), durable=False)
        frame = -1
        shown = []
        for row in range(num_rows):
            time = row / hz + 0.01
            while (frame + 1) / 30 <= time:
                frame += 1
                assert writer.append_frame("wrist", frame / 30, shade(frame, spec))
            assert writer.append(step_of(spec, time, frame, frame / 30))
            shown.append(frame)
        episode = Episode(writer.commit(make_outcome()))
        episode.check()
        assert (episode.length, len(episode.frames["wrist"])) == (num_rows, frame + 1)
        np.testing.assert_array_equal(episode.frame_index["wrist"], shown)
        np.testing.assert_array_equal(episode.frame_times["wrist"], np.arange(frame + 1) / 30)
        np.testing.assert_array_equal(episode.image_times["wrist"], np.array(shown) / 30)
        assert np.abs(episode.images["wrist"][:].mean(axis=(1, 2, 3)) - shown).max() <= 1
        evidence = episode.attributes.recording.cameras["wrist"]
        assert evidence.rate == pytest.approx(30)
        assert (evidence.num_dropped, evidence.num_missing, evidence.num_frozen) == (0, 0, 0)
        assert evidence.num_repeated == num_rows - len(set(shown))
        assert 0 < (evidence.skew_max or 0) < 1 / 30 + 1e-9


def test_windows_show_what_the_rows_showed(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], make_outcome: Callable[..., EpisodeOutcome]
) -> None:
    spec = make_spec(cameras={"wrist": (8, 8)})
    writer = EpisodeWriter(tmp_path, start_of(spec), durable=False)
    shown = [0, 0, 1, 3, 3, 3, 6, 7]
    for row, frame in enumerate(shown):
        writer.append(step_of(spec, row / 10, frame, frame / 30))
    episode = Episode(writer.commit(make_outcome()))
    batch = WindowDataset([episode], past=2, future=1, cameras=("wrist",))[np.arange(len(shown) - 1)]
    found = np.round(batch.images["wrist"].mean(axis=(2, 3, 4)))
    np.testing.assert_array_equal(found, batch.states[:, :, 0])
    assert len(episode.frames["wrist"]) == len(set(shown))


def test_two_pictures_of_one_time_are_two_frames(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], make_outcome: Callable[..., EpisodeOutcome]
) -> None:
    """As of a simulation whose clock stands still; and frames without a time are never taken for one another."""
    spec = make_spec(cameras={"wrist": (8, 8)})
    writer = EpisodeWriter(tmp_path, start_of(spec), durable=False)
    for row, frame_time in enumerate([0.0, 0.0, np.nan, np.nan]):
        writer.append(step_of(spec, float(row), 10 * row, frame_time))
    writer.append(step_of(spec, 4.0, 30, np.nan))
    episode = Episode(writer.commit(make_outcome()))
    shades = episode.images["wrist"][:].mean(axis=(1, 2, 3))
    np.testing.assert_allclose(shades, [0, 10, 20, 30, 30], atol=1)
    assert len(episode.frames["wrist"]) == 5


def test_a_picture_that_stands_still_is_counted_as_frozen(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], make_outcome: Callable[..., EpisodeOutcome]
) -> None:
    spec = make_spec(cameras={"wrist": (8, 8)})
    writer = EpisodeWriter(tmp_path, start_of(spec), durable=False)
    for k, number in enumerate([0, 1, 1, 1, 2]):
        writer.append_frame("wrist", k / 10, shade(number, spec))
    writer.append(step_of(spec, 0.5, 2, 0.4))
    evidence = Episode(writer.commit(make_outcome())).attributes.recording.cameras["wrist"]
    assert (evidence.length, evidence.num_frozen, evidence.num_dropped) == (5, 2, 0)


def test_frames_that_a_camera_did_not_send_are_counted_as_missing(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], make_outcome: Callable[..., EpisodeOutcome]
) -> None:
    spec = make_spec(cameras={"wrist": (8, 8)})
    writer = EpisodeWriter(tmp_path, start_of(spec), durable=False)
    for k in (0, 1, 2, 3, 4, 8, 9, 10):
        writer.append_frame("wrist", k / 10, shade(k, spec))
    writer.append(step_of(spec, 1.0, 10, 1.0))
    evidence = Episode(writer.commit(make_outcome())).attributes.recording.cameras["wrist"]
    assert (evidence.num_missing, evidence.num_dropped) == (3, 0)
    assert evidence.longest_gap == pytest.approx(0.4)


def test_joints_are_kept_at_their_own_rate(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], make_outcome: Callable[..., EpisodeOutcome]
) -> None:
    spec = make_spec()
    recorder = Recorder(tmp_path, joints=JOINTS, durable=False)
    nothing = np.zeros(2)
    recorder.on_joints(0.0, nothing, nothing, nothing)
    recorder.on_episode_start(start_of(spec))
    vector = np.zeros(2)
    for k in range(700):
        vector[:] = k, -k
        recorder.on_joints(k / 100, vector, 2 * vector, 3 * vector)
    recorder.on_step(Step(observation=Observation(time=0.0, state=np.zeros(3, np.float32)), requested=None, sent=None))
    assert recorder.health().num_taken["joints"] == 700
    recorder.on_episode_end(make_outcome())
    recorder.on_joints(0.0, nothing, nothing, nothing)
    episode = Episode(recorder.paths[0])
    episode.check()
    samples = episode.joint_samples
    assert samples is not None
    assert (samples.names, len(samples)) == (JOINTS, 700)
    np.testing.assert_array_equal(samples.time, np.arange(700) / 100)
    np.testing.assert_array_equal(samples.position, np.stack([np.arange(700), -np.arange(700)], axis=1))
    np.testing.assert_array_equal(samples.velocity, 2 * samples.position)
    np.testing.assert_array_equal(samples.effort, 3 * samples.position)
    joints = episode.attributes.recording.joints
    assert joints is not None
    assert (joints.length, joints.rate, joints.num_missing) == (700, pytest.approx(100), 0)


def test_without_announced_joints_there_are_no_samples(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], make_outcome: Callable[..., EpisodeOutcome]
) -> None:
    writer = EpisodeWriter(tmp_path, start_of(make_spec()), durable=False)
    assert not writer.append_joints(0.0, np.zeros(2), np.zeros(2), np.zeros(2))
    episode = Episode(writer.commit(make_outcome()))
    assert (episode.joint_samples, episode.attributes.recording.joints) == (None, None)


def test_what_does_not_fit_is_refused_and_the_episode_goes_on(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], make_outcome: Callable[..., EpisodeOutcome]
) -> None:
    spec = make_spec(cameras={"wrist": (8, 8)})
    recorder = Recorder(tmp_path, joints=JOINTS, durable=False)
    recorder.on_episode_start(start_of(spec))
    with pytest.raises(InvalidImage, match="wrist"):
        recorder.on_frame("wrist", 0.0, np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(InvalidVector, match="joints/position"):
        recorder.on_joints(0.0, np.zeros(3), np.zeros(3), np.zeros(3))
    recorder.on_frame("table", 0.0, np.zeros((4, 4, 3), np.uint8))
    recorder.on_step(step_of(spec, 0.0, 1, 0.0))
    recorder.on_episode_end(make_outcome())
    assert Episode(recorder.paths[0]).attributes.num_frames == {"wrist": 1}


def test_achieved_motion_is_the_change_of_the_state_within_unbroken_rows(
    tmp_path: Path,
    make_spec: Callable[..., RobotSpec],
    make_steps: Callable[..., Iterator[Step]],
    record: Callable[..., Path],
) -> None:
    spec = make_spec()
    episode = Episode(record(tmp_path, spec, 12))
    np.testing.assert_array_equal(episode.achieved[:-1], np.diff(episode.state, axis=0))
    assert np.isnan(episode.achieved[-1]).all()


def test_rules_of_the_limiter_are_counted_by_name(
    tmp_path: Path,
    make_spec: Callable[..., RobotSpec],
    make_steps: Callable[..., Iterator[Step]],
    record: Callable[..., Path],
) -> None:
    limits = [("bounds",), (), ("bounds", "change"), ("no action",)]
    steps = [
        Step(observation=step.observation, requested=step.requested, sent=step.sent, limits=reasons)
        for step, reasons in zip(make_steps(make_spec(), 4), limits, strict=True)
    ]
    found = Episode(record(tmp_path, make_spec(), steps)).attributes.recording.limits
    assert found == {"bounds": 2, "change": 1, "no action": 1}


class GatedFiles(EpisodeFiles):
    """An encoder that works only while it may; `tokens` says how many records it may still take."""

    tokens = threading.Semaphore(0)

    def append(self, records: Sequence[Record]) -> None:
        for record in records:
            assert self.tokens.acquire(timeout=60)
            super().append([record])


@settings(max_examples=20, deadline=None)
@given(
    events=st.lists(st.sampled_from(["frame", "row", "joint", "work"]), min_size=1, max_size=150),
    room=st.integers(2, 20),
)
def test_a_slow_encoder_costs_records_that_are_counted_and_never_shifts_frames(
    events: list[str],
    room: int,
    make_spec: Callable[..., RobotSpec],
    make_outcome: Callable[..., EpisodeOutcome],
) -> None:
    spec = make_spec(cameras={"wrist": (16, 16)})
    gate = threading.Semaphore(0)

    class Files(GatedFiles):
        tokens = gate

    with tempfile.TemporaryDirectory() as root:
        recorder = Recorder(Path(root), joints=JOINTS, durable=False, queue_bytes=2000 * room, files=Files)
        recorder.on_episode_start(start_of(spec))
        num_frames = num_rows = num_joints = 0
        recorder.on_frame("wrist", 0.0, shade(0, spec))
        for k, event in enumerate(events):
            if event == "frame":
                num_frames += 1
                recorder.on_frame("wrist", float(num_frames), shade(num_frames, spec))
            elif event == "row":
                recorder.on_step(step_of(spec, k / 10, num_frames, float(num_frames)))
                num_rows += 1
            elif event == "joint":
                recorder.on_joints(float(num_joints), np.full(2, float(num_joints)), np.zeros(2), np.zeros(2))
                num_joints += 1
            else:
                for _ in range(5):
                    gate.release()
        health = recorder.health()
        for _ in range(10 * len(events) + 100):
            gate.release()
        recorder.on_episode_end(make_outcome())
        episode = Episode(recorder.paths[0])
        episode.check()
        # Each row shows the frame that its state names, whatever was lost before it.
        shades = episode.images["wrist"][:].mean(axis=(1, 2, 3))
        assert np.abs(shades - episode.state[:, 0]).max(initial=0) <= 1
        times = episode.frame_times["wrist"]
        stored = episode.frames["wrist"][:].mean(axis=(1, 2, 3))
        assert np.abs(stored - times).max(initial=0) <= 1
        assert len(set(times)) == len(times)
        recording = episode.attributes.recording
        assert recording.joints is not None
        assert recording.num_dropped == num_rows - episode.length
        assert recording.joints.num_dropped == num_joints - recording.joints.length
        assert recording.cameras["wrist"].num_dropped == num_frames + 1 - len(times)
        assert dict(health.num_dropped) == {
            "rows": recording.num_dropped,
            "images/wrist": recording.cameras["wrist"].num_dropped,
            "joints": recording.joints.num_dropped,
        }
        lost = sum(health.num_dropped.values())
        assert lost == 0 or "too slow, lost" in (health.alarm or "")


def test_a_full_queue_is_an_alarm_before_anything_is_lost_and_a_drop_is_one_after(
    tmp_path: Path,
    make_spec: Callable[..., RobotSpec],
    make_outcome: Callable[..., EpisodeOutcome],
    caplog: pytest.LogCaptureFixture,
) -> None:
    spec = make_spec(cameras={"wrist": (16, 16)})
    gate = threading.Semaphore(0)

    class Files(GatedFiles):
        tokens = gate

    recorder = Recorder(tmp_path, durable=False, queue_bytes=40_000, files=Files)
    assert recorder.health().alarm is None
    recorder.on_episode_start(start_of(spec))
    assert recorder.health().alarm is None
    seen = []
    for k in range(40):
        recorder.on_step(step_of(spec, k / 10, k, float(k)))
        seen.append(recorder.health().alarm)
    told = [alarm for k, alarm in enumerate(seen) if alarm is not None and alarm not in seen[:k]]
    assert "fall behind: the queue is" in told[0]
    assert "lost 1 of rows, 1 of images/wrist" in next(alarm for alarm in told if "lost" in alarm)
    assert caplog.text.count("too slow, lost 1 of rows") == 1
    for _ in range(1000):
        gate.release()
    recorder.on_episode_end(make_outcome())
    assert recorder.health().alarm is None


def test_frames_come_from_many_threads_without_harm(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], make_outcome: Callable[..., EpisodeOutcome]
) -> None:
    spec = make_spec(cameras={"wrist": (8, 8), "over": (8, 8)})
    recorder = Recorder(tmp_path, joints=JOINTS, durable=False, queue_bytes=2**30)
    recorder.on_episode_start(start_of(spec))

    def film(camera: str) -> None:
        for k in range(400):
            recorder.on_frame(camera, float(k), shade(k, spec, camera))

    threads = [threading.Thread(target=film, args=(camera,)) for camera in spec.cameras]
    for thread in threads:
        thread.start()
    for k in range(400):
        images = {camera: shade(k, spec, camera) for camera in spec.cameras}
        state = np.full(3, k, np.float32)
        times = dict.fromkeys(spec.cameras, float(k))
        observation = Observation(time=float(k), state=state, images=images, image_times=times)
        recorder.on_step(Step(observation=observation, requested=None, sent=None))
    for thread in threads:
        thread.join()
    recorder.on_episode_end(make_outcome())
    episode = Episode(recorder.paths[0])
    episode.check()
    for camera in spec.cameras:
        assert len(episode.frames[camera]) == 400
        shades = episode.images[camera][:].mean(axis=(1, 2, 3))
        assert np.abs(shades - np.arange(400) % 251).max() <= 1
