"""What a run learns from: the right episodes, in an order of their own, and a clear word when there are too few."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from clam_robot.episodes.dataset import EpisodeDataset
from clam_robot.episodes.recorder import Recorder
from clam_robot.errors import ConfigError, DamagedEpisode, InvalidImage, NoEpisodes, NoLabels, SpecMismatch
from clam_robot.models.vision import VisionConfig
from clam_robot.specs import CameraSpec
from clam_robot.testing.fakes import FakeRobot, fake_spec
from clam_robot.training.config import TrainConfig
from clam_robot.training.data import TransitionSource, load_training_data
from clam_robot.types import EpisodeOutcome, EpisodeStart, Observation, Step
from tests.clam_robot.training.conftest import HORIZON, NUM_DEMONSTRATIONS, NUM_PLAY, Datasets, half_asleep, play

Tiny = Callable[..., TrainConfig]
Record = Callable[..., Path]

METHODS_OF_BOTH = ("clam", "vpt", "lapo", "lapa", "dynamo")


def states(source: TransitionSource | None) -> Tensor:
    assert source is not None
    return source.states


def scenes(source: TransitionSource | None) -> set[tuple[float, ...]]:
    """Goals, by which scenes differ."""
    return {tuple(goal) for goal in states(source)[:, 0, 3:].tolist()}


def record_rows(root: Path, actions: list[np.ndarray | None]) -> None:
    """One episode with a row for each action."""
    spec = fake_spec()
    with Recorder(root, durable=False, wait_when_full=True) as recorder:
        recorder.on_episode_start(EpisodeStart(spec=spec, task="none", source="test"))
        for row, action in enumerate(actions):
            observation = Observation(time=0.1 * row, state=np.full(6, row, np.float32))
            recorder.on_step(Step(observation=observation, requested=action, sent=action))
        recorder.on_episode_end(
            EpisodeOutcome(success=None, episode_return=None, num_steps=len(actions), end="horizon", achieved_hz=10.0)
        )


def test_clam_learns_from_labelled_play_and_unlabelled_demonstrations(tiny: Tiny) -> None:
    data = load_training_data(tiny(num_labeled=3))
    assert data.num_play == 3
    assert data.num_demonstrations == NUM_DEMONSTRATIONS
    assert data.play is not None and data.demonstrations is not None
    assert len(data.play) == 3 * HORIZON
    assert len(data.demonstrations) == NUM_DEMONSTRATIONS * HORIZON
    assert data.play.is_labeled.all()
    assert not data.demonstrations.is_labeled.any()
    assert (data.demonstrations.action == 0).all()


def test_actions_are_scaled_to_one_and_stand_beside_their_states(tiny: Tiny) -> None:
    data = load_training_data(tiny())
    assert data.play is not None
    now = 2
    step = (data.play.states[:, now + 1, :3] - data.play.states[:, now, :3]) * 10.0
    torch.testing.assert_close(data.play.action, step, atol=1e-4, rtol=1e-4)


def test_cloning_play_needs_no_demonstrations_and_the_oracle_no_play(tiny: Tiny, datasets: Datasets) -> None:
    cloning = load_training_data(tiny(method="bc-play", demonstrations=None))
    assert cloning.demonstrations is None and cloning.play is not None
    oracle = load_training_data(tiny(method="oracle", play=None, demonstrations=datasets.play))
    assert oracle.play is None and oracle.demonstrations is not None
    assert oracle.demonstrations.is_labeled.all()


def test_windows_hold_the_frames_they_are_configured_to(tiny: Tiny) -> None:
    data = load_training_data(tiny())
    assert states(data.play).shape[1:] == (5, 6)


@pytest.mark.parametrize(
    ("method", "missing"),
    [
        *((method, missing) for method in METHODS_OF_BOTH for missing in ("play", "demonstrations")),
        ("bc-play", "play"),
        ("oracle", "demonstrations"),
    ],
)
def test_a_data_set_that_is_not_given_is_asked_for_by_its_flag(tiny: Tiny, method: str, missing: str) -> None:
    with pytest.raises(ConfigError, match=f"method {method} needs --{missing}"):
        load_training_data(tiny(method=method, **{missing: None}))


@pytest.mark.parametrize("missing", ["play", "demonstrations"])
def test_a_data_set_that_is_not_there_is_named(tiny: Tiny, tmp_path: Path, missing: str) -> None:
    with pytest.raises(NoEpisodes, match="nowhere"):
        load_training_data(tiny(**{missing: tmp_path / "nowhere"}))


@pytest.mark.parametrize("method", [*METHODS_OF_BOTH, "bc-play"])
def test_play_without_a_label_says_what_to_do(tiny: Tiny, datasets: Datasets, method: str) -> None:
    with pytest.raises(NoLabels, match=r"expected 4 labelled play episodes, found none in .*clam record") as caught:
        load_training_data(tiny(method=method, play=datasets.demonstrations))
    assert str(datasets.demonstrations) in str(caught.value)


def test_the_oracle_needs_true_actions(tiny: Tiny, datasets: Datasets) -> None:
    with pytest.raises(NoLabels, match="the oracle needs demonstrations with actions"):
        load_training_data(tiny(method="oracle"))


@pytest.mark.parametrize(("num_labeled", "label_set"), [(NUM_PLAY + 1, 0), (3, 2), (1, NUM_PLAY)])
def test_too_few_labelled_episodes_for_the_label_set(tiny: Tiny, num_labeled: int, label_set: int) -> None:
    needed = num_labeled * (label_set + 1)
    with pytest.raises(NoLabels, match=f"needs {needed} labelled play episodes, found {NUM_PLAY} .* --num-labeled"):
        load_training_data(tiny(num_labeled=num_labeled, label_set=label_set))


def test_unlabelled_play_is_passed_over(tiny: Tiny, record: Record, tmp_path: Path) -> None:
    record(tmp_path, [1, 2], play, is_labeled=False)
    record(tmp_path, [3, 4], play)
    data = load_training_data(tiny(play=tmp_path, num_labeled=2))
    labeled = load_training_data(tiny(play=record(tmp_path / "labelled", [3, 4], play), num_labeled=2))
    assert scenes(data.play) == scenes(labeled.play)
    with pytest.raises(NoLabels, match="found 2"):
        load_training_data(tiny(play=tmp_path, num_labeled=3))


def test_label_sets_share_no_episode_and_leave_none_out(tiny: Tiny) -> None:
    sets = [scenes(load_training_data(tiny(num_labeled=2, label_set=k)).play) for k in range(NUM_PLAY // 2)]
    assert [len(found) for found in sets] == [2] * len(sets)
    assert len(set.union(*sets)) == NUM_PLAY


def test_label_sets_do_not_depend_on_the_order_of_recording_or_the_seed_of_the_run(
    tiny: Tiny, record: Record, tmp_path: Path
) -> None:
    order = [5, 0, 7, 2, 6, 1, 4, 3]
    shuffled = record(tmp_path, order, play)
    for k in (0, 1):
        expected = load_training_data(tiny(num_labeled=4, label_set=k))
        found = load_training_data(tiny(play=shuffled, num_labeled=4, label_set=k, seed=9))
        assert torch.equal(states(found.play), states(expected.play))


def test_demonstrations_do_not_depend_on_the_order_of_recording(tiny: Tiny, record: Record, tmp_path: Path) -> None:
    forward = record(tmp_path / "forward", [11, 12, 13])
    backward = record(tmp_path / "backward", [13, 12, 11])
    for number in (2, None):
        first = load_training_data(tiny(demonstrations=forward, num_demonstrations=number))
        second = load_training_data(tiny(demonstrations=backward, num_demonstrations=number))
        assert torch.equal(states(first.demonstrations), states(second.demonstrations))
        assert first.num_demonstrations == (number or 3)


def test_too_few_demonstrations(tiny: Tiny) -> None:
    with pytest.raises(
        NoEpisodes, match=f"expected 7 demonstrations, found {NUM_DEMONSTRATIONS} .*--num-demonstrations"
    ):
        load_training_data(tiny(num_demonstrations=7))


def test_episodes_without_a_scene_seed_are_taken_as_recorded(tiny: Tiny, record: Record, tmp_path: Path) -> None:
    data = load_training_data(tiny(play=record(tmp_path, [1, 2, 3, 4], play, has_seed=False), num_labeled=4))
    recorded = {tuple(episode.state[0, 3:].tolist()) for episode in EpisodeDataset(tmp_path)}
    assert scenes(data.play) == recorded
    assert len(recorded) == 4


def test_play_and_demonstrations_of_different_robots(tiny: Tiny, record: Record, tmp_path: Path) -> None:
    other = record(tmp_path, [1], spec=fake_spec(control_hz=20.0))
    with pytest.raises(SpecMismatch, match=r"control_hz: needs 10\.0, finds 20\.0") as caught:
        load_training_data(tiny(demonstrations=other))
    assert str(other) in str(caught.value)


class Drawer(FakeRobot):
    """Whose task is another one."""

    @property
    def task(self) -> str:
        """Another one."""
        return "drawer-close"


class Unnamed(FakeRobot):
    """Whose task nobody named."""

    @property
    def task(self) -> str:
        """None."""
        return ""


def test_demonstrations_of_another_task_than_play_are_told(
    tiny: Tiny, record: Record, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = record(tmp_path / "other", [1, 2], robot=Drawer)
    load_training_data(tiny(demonstrations=other))
    (told,) = caplog.messages
    assert f"play is of reach the goal ({tiny().play}), but demonstrations are of drawer-close ({other})" in told


def test_play_of_more_tasks_and_tasks_that_nobody_named_are_no_reason_to_warn(
    tiny: Tiny, record: Record, datasets: Datasets, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    both = record(tmp_path / "both", [1, 2], play)
    record(tmp_path / "both", [3, 4], play, robot=Drawer)
    unnamed = record(tmp_path / "unnamed", range(4), play, robot=Unnamed)
    for sets in (
        {"play": both},
        {"play": unnamed},
        {"demonstrations": unnamed},
        {"play": datasets.play},
    ):
        load_training_data(tiny(**sets))
    assert caplog.messages == []


def test_different_robots_in_one_data_set(tiny: Tiny, record: Record, tmp_path: Path) -> None:
    record(tmp_path, [1, 2, 3, 4], play)
    record(tmp_path, [5], play, spec=fake_spec(control_hz=20.0))
    with pytest.raises(SpecMismatch, match="control_hz"):
        load_training_data(tiny(play=tmp_path))


@pytest.mark.parametrize("has_cameras", ["play", "demonstrations"])
def test_cameras_that_nobody_looks_through_neither_matter_nor_are_asked_for(
    tiny: Tiny, record: Record, tmp_path: Path, has_cameras: str
) -> None:
    seeing = fake_spec({"front": CameraSpec(height=4, width=6)})
    filmed = record(tmp_path, [1, 2, 3, 4], play, spec=seeing)
    assert EpisodeDataset(filmed).spec.cameras
    data = load_training_data(tiny(**{has_cameras: filmed}))
    assert not data.spec.cameras


def test_rows_without_an_action_are_not_labelled(tiny: Tiny, record: Record, tmp_path: Path) -> None:
    data = load_training_data(tiny(play=record(tmp_path, [1, 2, 3, 4], half_asleep)))
    found = data.play
    assert found is not None
    assert found.is_labeled.sum() == len(found.is_labeled) // 2
    assert (found.action[~found.is_labeled] == 0).all()
    assert torch.isfinite(found.action).all()


def test_episodes_too_short_to_hold_a_transition(tiny: Tiny, tmp_path: Path) -> None:
    action = np.zeros(3, np.float32)
    record_rows(tmp_path, [action])
    with pytest.raises(NoEpisodes, match="no two rows in succession") as caught:
        load_training_data(tiny(method="bc-play", play=tmp_path, num_labeled=1))
    assert str(tmp_path) in str(caught.value)


def test_a_label_that_no_row_follows_is_of_no_use(tiny: Tiny, tmp_path: Path) -> None:
    record_rows(tmp_path, [None, None, np.zeros(3, np.float32)])
    with pytest.raises(NoLabels, match="none that another row follows"):
        load_training_data(tiny(method="bc-play", play=tmp_path, num_labeled=1))


def test_a_chunk_that_cannot_be_read_is_named(tiny: Tiny, record: Record, tmp_path: Path) -> None:
    root = record(tmp_path, [1, 2])
    shutil.rmtree(root / "episode_000001" / "state")
    with pytest.raises(DamagedEpisode, match="episode_000001: array state"):
        load_training_data(tiny(demonstrations=root))


def test_an_episode_ends_with_its_last_transition(tiny: Tiny) -> None:
    data = load_training_data(tiny())
    assert data.play is not None
    expected = [HORIZON * (k // HORIZON) + HORIZON - 1 for k in range(len(data.play))]
    assert data.play.last.tolist() == expected


def test_where_rows_were_lost_nothing_follows(tiny: Tiny, tmp_path: Path) -> None:
    action = np.zeros(3, np.float32)
    record_rows(tmp_path, [action] * 7)
    [attributes] = tmp_path.glob("episode_*/zarr.json")
    content = json.loads(attributes.read_text())
    content["attributes"]["recording"]["gaps"] = [3]
    attributes.write_text(json.dumps(content))
    data = load_training_data(tiny(method="bc-play", play=tmp_path, num_labeled=1))
    assert data.play is not None
    assert data.play.last.tolist() == [1, 1, 4, 4, 4]


CAMERA = {"front": CameraSpec(height=20, width=24)}
VISION = VisionConfig(camera="front", size=16)


def test_the_frames_of_a_window_are_those_of_its_states(tiny: Tiny, record: Record, tmp_path: Path) -> None:
    filmed = record(tmp_path, [1, 2, 3, 4], play, spec=fake_spec(CAMERA))
    data = load_training_data(tiny(method="bc-play", play=filmed, vision=VISION))
    assert data.play is not None and data.play.film is not None
    assert data.spec.cameras == CAMERA
    frames = data.play.film.windows(torch.arange(len(data.play)), 0, 5)
    assert frames.shape == (4 * HORIZON, 5, 3, 16, 16)
    # The fake robot paints how many periods have passed.
    now = torch.arange(len(data.play)) % HORIZON
    rows = (now[:, None] + torch.arange(-2, 3)).clamp(0, HORIZON)
    assert torch.equal(frames.flatten(2).float().mean(-1).round().long(), rows)
    some = data.play.film.windows(torch.tensor([5, 1]), 1, 3)
    assert torch.equal(some, frames[[5, 1], 1:3])


def test_a_camera_that_is_not_there_is_named_with_those_there_are(tiny: Tiny, record: Record, tmp_path: Path) -> None:
    filmed = record(tmp_path, [1, 2, 3, 4], play, spec=fake_spec(CAMERA))
    with pytest.raises(InvalidImage, match="no camera 'wrist'; there are front; record with --cameras wrist"):
        load_training_data(tiny(method="bc-play", play=filmed, vision=replace(VISION, camera="wrist")))
    with pytest.raises(InvalidImage, match="no camera 'front'; there are none"):
        load_training_data(tiny(method="bc-play", vision=VISION))
