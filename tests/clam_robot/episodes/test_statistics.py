from collections.abc import Callable
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from clam_robot.episodes import EpisodeDataset
from clam_robot.episodes.statistics import RunningStatistics, statistics
from clam_robot.specs import RobotSpec


@given(sizes=st.lists(st.integers(0, 20), max_size=6), offset=st.sampled_from([0.0, 1e4]), seed=st.integers(0, 99))
def test_blocks_give_what_all_rows_at_once_give(sizes: list[int], offset: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    blocks = [(offset + rng.normal(size=(size, 3))).astype(np.float32) for size in sizes]
    running = RunningStatistics(3)
    for block in blocks:
        running.add(block)
    found, rows = running.result(), np.concatenate([np.empty((0, 3), np.float32), *blocks]).astype(np.float64)
    assert found.num_rows == len(rows)
    if not len(rows):
        assert np.isnan([found.mean, found.std, found.min, found.max]).all()
        return
    np.testing.assert_allclose(found.mean, rows.mean(axis=0), atol=1e-9, rtol=1e-12)
    np.testing.assert_allclose(found.std, rows.std(axis=0), atol=1e-7)
    np.testing.assert_array_equal(found.min, rows.min(axis=0))
    np.testing.assert_array_equal(found.max, rows.max(axis=0))


def test_actions_count_only_where_they_are_labels(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], record: Callable[..., Path]
) -> None:
    spec = make_spec(state=4)
    for k, length in enumerate((10, 300, 5)):
        record(tmp_path, spec, length, is_labeled=k != 1)
    found = statistics(EpisodeDataset(tmp_path), state_size=4, action_size=2)
    assert (found.state.num_rows, found.action.num_rows) == (315, 9 + 4)
    first = np.concatenate([np.arange(9), np.arange(4)])
    np.testing.assert_allclose(found.action.mean[0], first.mean())
    np.testing.assert_allclose(found.action.std[0], first.std())
    assert (found.state.max[0], found.action.max[0], found.action.min[0]) == (299, 8, 0)


def test_without_any_label_the_action_has_no_statistics(
    tmp_path: Path, make_spec: Callable[..., RobotSpec], record: Callable[..., Path]
) -> None:
    record(tmp_path, make_spec(), 5, is_labeled=False)
    found = statistics(EpisodeDataset(tmp_path), state_size=3, action_size=2)
    assert (found.state.num_rows, found.action.num_rows) == (5, 0)
    assert np.isnan(found.action.mean).all()
