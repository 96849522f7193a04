import json
import math
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clam_robot.episodes import Episode, EpisodeDataset, EpisodeWriter
from clam_robot.episodes.episode_files import EpisodeFiles
from clam_robot.episodes.records import Record
from clam_robot.errors import EpisodeError, InvalidImage, InvalidVector, NoEpisodes
from clam_robot.specs import CameraSpec, RobotSpec, VectorSpec
from clam_robot.types import EpisodeOutcome, EpisodeStart, Observation, Step, TaskStatus

NAMES = st.text("abcdefgh_", min_size=1, max_size=6)
VECTORS = st.tuples(
    st.lists(NAMES, min_size=1, max_size=5, unique=True),
    st.sampled_from([(-math.inf, math.inf), (-1.0, 1.0), (0.0, math.inf)]),
)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What Hypothesis chooses; building specs and steps from it is left to the test, out of Hypothesis' sight."""

    name: str
    task: str
    seed: int | None
    is_labeled: bool
    state: tuple[list[str], tuple[float, float]]
    action: tuple[list[str], tuple[float, float]]
    cameras: dict[str, tuple[int, int]]
    length: int
    share_sent: float
    is_judged: bool
    numbers: int

    def start(self) -> EpisodeStart:
        cameras = {name: CameraSpec(height=height, width=width) for name, (height, width) in self.cameras.items()}
        state, action = vector_spec(*self.state), vector_spec(*self.action)
        spec = RobotSpec(name=self.name, state=state, action=action, cameras=cameras, control_hz=12.5)
        return EpisodeStart(spec=spec, task=self.task, source="play", seed=self.seed, is_labeled=self.is_labeled)

    def steps(self, spec: RobotSpec) -> Iterator[Step]:
        rng = np.random.default_rng(self.numbers)
        for t in range(self.length):
            requested, sent = rng.normal(size=(2, len(spec.action))).astype(np.float32)
            shade = int(rng.integers(256))
            status = TaskStatus(success=bool(shade % 2), episode_return=float(t), num_steps=t, is_over=False)
            yield Step(
                observation=Observation(
                    time=t / spec.control_hz,
                    state=rng.normal(size=len(spec.state)).astype(np.float32),
                    images={name: np.full(size.shape, shade, np.uint8) for name, size in spec.cameras.items()},
                    image_times={name: rng.random() for name in spec.cameras},
                ),
                requested=requested if rng.random() < 0.9 else None,
                sent=sent if rng.random() < self.share_sent else None,
                status=status if self.is_judged else None,
            )


def vector_spec(names: list[str], bounds: tuple[float, float]) -> VectorSpec:
    low, high = bounds
    size = len(names)
    return VectorSpec(names=tuple(names), units=("m",) * size, low=(low,) * size, high=(high,) * size)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    pixels = st.integers(1, 20)
    cameras = draw(st.dictionaries(NAMES, st.tuples(pixels, pixels), max_size=2))
    return Plan(
        name=draw(st.text(max_size=10)),
        task=draw(st.text(max_size=10)),
        seed=draw(st.none() | st.integers(0, 2**40)),
        is_labeled=draw(st.booleans()),
        state=draw(VECTORS),
        action=draw(VECTORS),
        cameras=cameras,
        length=draw(st.sampled_from([0, 1, 2, 31, 32, 33, 70] if cameras else [0, 1, 2, 256, 257, 600])),
        share_sent=draw(st.sampled_from([0.0, 0.5, 1.0])),
        is_judged=draw(st.booleans()),
        numbers=draw(st.integers(0, 2**32)),
    )


def stacked(rows: Sequence[np.ndarray | None], size: int) -> np.ndarray:
    return np.array([np.full(size, np.nan) if row is None else row for row in rows], np.float32).reshape(-1, size)


@settings(max_examples=25, deadline=None)
@given(plan=plans())
def test_what_is_written_is_what_is_read(plan: Plan, make_outcome: Callable[..., EpisodeOutcome]) -> None:
    start = plan.start()
    spec, size = start.spec, len(start.spec.action)
    steps = list(plan.steps(spec))
    with tempfile.TemporaryDirectory() as root:
        with EpisodeWriter(Path(root), start, durable=False, wait_when_full=True) as writer:
            assert all(writer.append(step) for step in steps)
            path = writer.commit(make_outcome(None))
        episode = Episode(path)
        episode.check()
        assert (episode.spec, episode.task, episode.attributes.seed) == (spec, start.task, start.seed)
        assert (episode.length, episode.success) == (len(steps), None)
        np.testing.assert_array_equal(episode.time, [step.observation.time for step in steps])
        np.testing.assert_array_equal(
            episode.state, stacked([step.observation.state for step in steps], len(spec.state))
        )
        visible = (
            steps if start.is_labeled else [Step(observation=s.observation, requested=None, sent=None) for s in steps]
        )
        np.testing.assert_array_equal(episode.action, stacked([step.sent for step in visible], size))
        np.testing.assert_array_equal(episode.action_requested, stacked([step.requested for step in visible], size))
        np.testing.assert_array_equal(episode.action_labeled, [step.sent is not None for step in visible])
        assert episode.attributes.num_labeled == sum(step.sent is not None for step in visible)
        status = [step.status for step in steps]
        np.testing.assert_array_equal(episode.row_success, [math.nan if s is None else s.success for s in status])
        np.testing.assert_array_equal(
            episode.episode_return, [math.nan if s is None else s.episode_return for s in status]
        )
        for camera in spec.cameras:
            wanted = np.array([step.observation.images[camera] for step in steps], int)
            found = episode.images[camera][:]
            assert found.shape == (len(steps), *spec.cameras[camera].shape)
            assert np.abs(found - wanted.reshape(found.shape)).max(initial=0) <= 2
            np.testing.assert_array_equal(
                episode.image_times[camera], [step.observation.image_times[camera] for step in steps]
            )


def test_a_video_only_recording_stores_no_action_anywhere(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], record: Callable[..., Path]
) -> None:
    spec = make_spec()
    labeled, unlabeled = record(tmp_path, spec, 40), record(tmp_path, spec, 40, is_labeled=False)
    assert Episode(labeled).action_labeled.sum() == 39
    episode = Episode(unlabeled)
    assert not episode.action_labeled.any()
    assert np.isnan(episode.action).all()
    assert np.isnan(episode.action_requested).all()
    assert episode.attributes.is_labeled is False
    np.testing.assert_array_equal(episode.state, Episode(labeled).state)


def test_the_attributes_tell_how_the_recording_went(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], record: Callable[..., Path]
) -> None:
    path = record(tmp_path, make_spec(cameras={"wrist": (8, 8)}), 11, calibration={"version": 3}, seed=7)
    attributes = Episode(path).attributes
    recording = attributes.recording
    assert (attributes.end, attributes.seed, attributes.calibration) == ("horizon", 7, {"version": 3})
    assert (recording.achieved_hz, recording.num_overruns, recording.num_limited, recording.num_held) == (9.5, 1, 2, 3)
    assert recording.infer_ms_p50 == 2.0
    assert recording.duration == pytest.approx(1.0)
    wrist = recording.cameras["wrist"]
    assert (wrist.length, wrist.num_dropped, wrist.num_missing, wrist.num_repeated) == (11, 0, 0, 0)
    assert (wrist.rate, wrist.longest_gap) == (pytest.approx(10.0), pytest.approx(0.1))
    assert (wrist.skew_p50, wrist.skew_max) == (pytest.approx(0.02), pytest.approx(0.02))
    assert (recording.num_dropped, recording.gaps) == (0, ())
    assert attributes.started_at.endswith("+00:00")


def test_the_writer_keeps_copies_of_arrays_the_robot_reuses(
    tmp_path: Path,
    make_spec: Callable[..., RobotSpec],
    make_steps: Callable[..., list[Step]],
    record: Callable[..., Path],
) -> None:
    spec = make_spec(cameras={"wrist": (8, 8)})

    def reused() -> list[Step]:
        for step in make_steps(spec, 20):
            yield step
            step.observation.state[:] = -1
            step.observation.images["wrist"][:] = 255
            if step.sent is not None:
                step.sent[:] = -1

    episode = Episode(record(tmp_path, spec, reused()))
    np.testing.assert_array_equal(episode.state[:, 0], np.arange(20))
    np.testing.assert_array_equal(episode.action[:-1, 0], np.arange(19))
    assert np.abs(episode.images["wrist"][:].mean(axis=(1, 2, 3)) - np.arange(20)).max() <= 2


class StuckDisk(EpisodeFiles):
    """Writes nothing until told."""

    go = threading.Event()

    def append(self, records: Sequence[Record]) -> None:
        assert self.go.wait(30)
        super().append(records)


def test_a_slow_disk_costs_whole_rows_that_are_counted_and_never_shifts_frames(
    tmp_path: Path,
    make_spec: Callable[..., RobotSpec],
    make_steps: Callable[..., list[Step]],
    make_outcome: Callable[..., EpisodeOutcome],
) -> None:
    spec = make_spec(cameras={"wrist": (16, 16), "over": (16, 16)})
    start = EpisodeStart(spec=spec, task="reach", source="teleop")
    StuckDisk.go.clear()
    writer = EpisodeWriter(tmp_path, start, durable=False, queue_bytes=100_000, files=StuckDisk)
    taken = [writer.append(step) for step in make_steps(spec, 150)]
    StuckDisk.go.set()
    while not writer.append(next(iter(make_steps(spec, 1)))):
        pass
    episode = Episode(writer.commit(make_outcome()))

    kept = np.flatnonzero(taken)
    assert 0 < len(kept) < 150
    assert taken[0]
    np.testing.assert_array_equal(episode.state[:-1, 0], kept)
    for camera in spec.cameras:
        shades = episode.images[camera][:-1].mean(axis=(1, 2, 3))
        assert np.abs(shades - kept).max() <= 1
    recording = episode.attributes.recording
    assert recording.num_dropped == writer.num_dropped >= 150 - len(kept)
    jumps = np.flatnonzero(np.diff(kept) != 1) + 1
    assert set(jumps) | {len(kept)} == set(recording.gaps)
    assert episode.segments[-1][1] == episode.length


def test_append_does_not_wait_for_the_disk_unless_told_to(
    tmp_path: Path,
    make_spec: Callable[..., RobotSpec],
    make_steps: Callable[..., list[Step]],
    make_outcome: Callable[..., EpisodeOutcome],
) -> None:
    spec = make_spec()
    start = EpisodeStart(spec=spec, task="reach", source="teleop")
    StuckDisk.go.clear()
    writer = EpisodeWriter(tmp_path, start, durable=False, queue_bytes=1, files=StuckDisk, wait_when_full=True)
    threading.Timer(0.3, StuckDisk.go.set).start()
    assert all(writer.append(step) for step in make_steps(spec, 300))
    assert Episode(writer.commit(make_outcome())).length == 300


class FullDisk(EpisodeFiles):
    """Has room for the attributes only."""

    def append(self, records: Sequence[Record]) -> None:
        raise OSError(28, "No space left on device")


def test_a_full_disk_is_told_at_the_next_append_and_at_commit(
    tmp_path: Path,
    make_spec: Callable[..., RobotSpec],
    make_steps: Callable[..., list[Step]],
    make_outcome: Callable[..., EpisodeOutcome],
) -> None:
    spec = make_spec(cameras={"wrist": (8, 8)})
    start = EpisodeStart(spec=spec, task="reach", source="teleop")
    with EpisodeWriter(tmp_path, start, files=FullDisk) as writer:
        with pytest.raises(EpisodeError, match=r"episode_000000.*No space left on device; make room there"):
            for step in make_steps(spec, 100_000):
                writer.append(step)
        with pytest.raises(EpisodeError, match="No space left"):
            writer.commit(make_outcome())
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_never_answers_is_named(
    tmp_path: Path,
    make_spec: Callable[..., RobotSpec],
    make_steps: Callable[..., Iterator[Step]],
    make_outcome: Callable[..., EpisodeOutcome],
) -> None:
    StuckDisk.go.clear()
    spec = make_spec()
    writer = EpisodeWriter(tmp_path, EpisodeStart(spec=spec, task="", source="play"), files=StuckDisk)
    writer.append(next(make_steps(spec, 1)))
    with pytest.raises(EpisodeError, match="not written within"):
        writer.commit(make_outcome(), timeout=0.05)
    StuckDisk.go.set()
    assert Episode(writer.commit(make_outcome())).length == 1


def test_a_folder_that_cannot_be_written_is_named_at_once(tmp_path: Path, make_spec: Callable[..., RobotSpec]) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EpisodeError, match=r"cannot record into .*file"):
        EpisodeWriter(tmp_path / "file", EpisodeStart(spec=make_spec(), task="", source="play"))


@pytest.mark.parametrize("wrong", ["camera", "state", "action"])
def test_a_step_that_does_not_fit_the_spec_is_refused_and_the_episode_goes_on(
    tmp_path: Path,
    make_spec: Callable[..., RobotSpec],
    make_steps: Callable[..., list[Step]],
    make_outcome: Callable[..., EpisodeOutcome],
    wrong: str,
) -> None:
    spec = make_spec(cameras={"wrist": (8, 8)})
    step = next(iter(make_steps(spec, 2)))
    images = {} if wrong == "camera" else step.observation.images
    state = np.zeros(9, np.float32) if wrong == "state" else step.observation.state
    sent = np.zeros(1, np.float32) if wrong == "action" else step.sent
    bad = Step(observation=Observation(time=0.0, state=state, images=images), requested=None, sent=sent)
    with EpisodeWriter(tmp_path, EpisodeStart(spec=spec, task="", source="play")) as writer:
        with pytest.raises((InvalidImage, InvalidVector), match=wrong):
            writer.append(bad)
        writer.append(step)
        assert Episode(writer.commit(make_outcome())).length == 1


def test_an_episode_has_no_name_before_it_is_committed(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], make_outcome: Callable[..., EpisodeOutcome]
) -> None:
    writer = EpisodeWriter(tmp_path, EpisodeStart(spec=make_spec(), task="", source="play"))
    with pytest.raises(NoEpisodes, match="1 unfinished"):
        EpisodeDataset(tmp_path)
    assert writer.commit(make_outcome()).name == "episode_000000"
    assert EpisodeDataset(tmp_path).names == ("episode_000000",)


def test_discarding_leaves_nothing_behind_and_is_harmless_after_commit(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], make_outcome: Callable[..., EpisodeOutcome]
) -> None:
    start = EpisodeStart(spec=make_spec(cameras={"wrist": (8, 8)}), task="", source="play")
    EpisodeWriter(tmp_path, start).discard()
    assert list(tmp_path.iterdir()) == []
    writer = EpisodeWriter(tmp_path, start)
    path = writer.commit(make_outcome())
    writer.discard()
    Episode(path).check()


def test_the_attributes_are_plain_json_that_any_zarr_reader_understands(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], record: Callable[..., Path]
) -> None:
    content = json.loads((record(tmp_path, make_spec()) / "zarr.json").read_text())
    assert (content["zarr_format"], content["node_type"]) == (3, "group")
    assert RobotSpec.from_dict(content["attributes"]["spec"], source="test") == make_spec()
