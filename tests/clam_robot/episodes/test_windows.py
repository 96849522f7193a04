import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clam_robot.episodes import Episode, EpisodeDataset, WindowDataset
from clam_robot.errors import DamagedEpisode, InvalidImage, NoEpisodes
from clam_robot.specs import RobotSpec
from clam_robot.types import Step

LENGTHS = (5, 1, 12, 0, 2, 40)


@pytest.fixture(scope="module")
def dataset(
    tmp_path_factory: pytest.TempPathFactory, make_spec: Callable[..., RobotSpec], record: Callable[..., Path]
) -> EpisodeDataset:
    root = tmp_path_factory.mktemp("windows")
    for k, length in enumerate(LENGTHS):
        record(root, make_spec(cameras={"wrist": (8, 12)}), length, is_labeled=k != 2)
    return EpisodeDataset(root)


@settings(max_examples=30, deadline=None)
@given(past=st.integers(0, 6), future=st.integers(0, 6), use_labels=st.booleans())
def test_a_window_is_the_rows_around_its_centre_clamped_to_the_episode(
    dataset: EpisodeDataset, past: int, future: int, use_labels: bool
) -> None:
    windows = WindowDataset(dataset, past=past, future=future, use_labels=use_labels)
    assert len(windows) == sum(max(length - 1, 0) for length in LENGTHS)
    order = np.random.default_rng(past).permutation(len(windows))
    batch = windows[order]
    assert (batch.states.dtype, batch.actions.dtype, batch.is_labeled.dtype) == (np.float32, np.float32, np.bool_)
    assert (batch.episode.dtype, batch.step.dtype, len(batch)) == (np.int64, np.int64, len(windows))
    assert batch.states.shape == (len(windows), past + 1 + future, 3)
    episodes = list(dataset)
    for b in range(len(batch)):
        episode, step = episodes[batch.episode[b]], batch.step[b]
        rows = [min(max(row, 0), episode.length - 1) for row in range(step - past, step + future + 1)]
        np.testing.assert_array_equal(batch.states[b], episode.state[rows])
        is_labeled = use_labels and bool(episode.action_labeled[step])
        assert batch.is_labeled[b] == is_labeled
        np.testing.assert_array_equal(
            batch.actions[b], episode.action[step] if is_labeled else np.full(2, np.nan, np.float32)
        )
    assert set(batch.episode[batch.is_labeled]) == ({0, 4, 5} if use_labels else set())
    np.testing.assert_array_equal(windows.is_labeled[order], batch.is_labeled)


def test_frames_of_a_window_belong_to_its_rows(dataset: EpisodeDataset) -> None:
    windows = WindowDataset(dataset, past=2, future=1, cameras=("wrist",))
    batch = windows[np.array([3, 0, len(windows) - 1, 3, 20])]
    assert batch.images["wrist"].shape == (5, 4, 8, 12, 3)
    shades = batch.images["wrist"].mean(axis=(2, 3, 4))
    np.testing.assert_allclose(shades, batch.states[:, :, 0], atol=1.5)


def test_without_labels_no_action_is_even_read(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], record: Callable[..., Path]
) -> None:
    path = record(tmp_path, make_spec(), 10)
    for name in ("action", "action_requested", "action_labeled"):
        for file in (path / name).iterdir():
            file.unlink()
    windows = WindowDataset([Episode(path)], past=1, future=1, use_labels=False)
    batch = windows[np.arange(len(windows))]
    assert np.isnan(batch.actions).all()
    assert not batch.is_labeled.any()
    with pytest.raises(DamagedEpisode, match="action"):
        WindowDataset([Episode(path)], past=1, future=1)


def test_an_action_without_a_label_never_comes_out(
    tmp_path: Path,
    make_spec: Callable[..., RobotSpec],
    make_steps: Callable[..., Iterator[Step]],
    record: Callable[..., Path],
) -> None:
    steps = [
        Step(observation=step.observation, requested=step.requested, sent=step.sent if t % 3 else None)
        for t, step in enumerate(make_steps(make_spec(), 20))
    ]
    episode = Episode(record(tmp_path, make_spec(), steps))
    batch = WindowDataset([episode], past=0, future=0)[np.arange(19)]
    np.testing.assert_array_equal(batch.is_labeled, np.arange(19) % 3 != 0)
    np.testing.assert_array_equal(np.isnan(batch.actions).all(axis=1), ~batch.is_labeled)
    assert not np.isnan(batch.actions[batch.is_labeled]).any()


def test_a_window_does_not_reach_across_lost_rows(
    tmp_path: Path,
    make_spec: Callable[..., RobotSpec],
    make_steps: Callable[..., Iterator[Step]],
    record: Callable[..., Path],
) -> None:
    steps = [step for t, step in enumerate(make_steps(make_spec(), 20)) if t not in {7, 8, 15}]
    path = record(tmp_path, make_spec(), steps)
    content = json.loads((path / "zarr.json").read_text())
    content["attributes"]["recording"]["gaps"] = [7, 13]
    (path / "zarr.json").write_text(json.dumps(content))
    windows = WindowDataset([Episode(path)], past=3, future=3)
    batch = windows[np.arange(len(windows))]
    centres = batch.states[:, 3, 0]
    np.testing.assert_array_equal(centres, [0, 1, 2, 3, 4, 5, 9, 10, 11, 12, 13, 16, 17, 18])
    np.testing.assert_array_equal(batch.states[:, 4, 0], centres + 1)
    np.testing.assert_array_equal(batch.states[6, :, 0], [9, 9, 9, 9, 10, 11, 12])
    np.testing.assert_array_equal(batch.states[5, :, 0], [2, 3, 4, 5, 6, 6, 6])
    np.testing.assert_array_equal(batch.actions[:, 0], centres)


def test_the_first_index_out_of_range_is_an_error(dataset: EpisodeDataset) -> None:
    windows = WindowDataset(dataset, past=0, future=0)
    with pytest.raises(IndexError):
        windows[np.array([len(windows)])]


def test_a_camera_that_is_not_there_is_named(dataset: EpisodeDataset) -> None:
    with pytest.raises(InvalidImage, match=r"episode_000000: no camera 'over'; there are wrist"):
        WindowDataset(dataset, past=1, future=1, cameras=("over",))


def test_windows_need_an_episode() -> None:
    with pytest.raises(NoEpisodes, match="at least one episode"):
        WindowDataset([], past=1, future=1)
