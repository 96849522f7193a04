"""Random search gets better, repeats itself and goes on where it stopped."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from clam_robot.errors import ConfigError, UnknownRobot
from sim.random_search import RandomSearch, SearchProgress
from sim.search_config import SearchConfig

TINY = SearchConfig(
    action_repeat=10,  # whole episodes in few periods
    generations=4,
    population=6,
    horizon=10,
    test_every=2,
    num_tests=1,
    num_stated=1,
    num_kept=3,
)


def _found(config: SearchConfig, path: Path | None = None) -> RandomSearch:
    search = RandomSearch(config, path)
    search.run()
    return search


def _require_equal(search: RandomSearch, other: RandomSearch) -> None:
    one, two = search.state, other.state
    assert (one.tested, one.returns) == (two.tested, two.returns)
    np.testing.assert_array_equal(one.parameters, two.parameters)
    np.testing.assert_array_equal(one.cma.mean, two.cma.mean)
    np.testing.assert_array_equal(one.mean, two.mean)


def test_a_short_search_already_runs() -> None:
    config = SearchConfig(generations=16, population=10, horizon=60, test_every=8, num_tests=1)
    search = _found(config)
    assert search.state.returns[0] < 5
    assert max(search.state.returns) > 20
    assert search.state.tested == [0, 8, 16]


def test_what_is_kept_rises_and_says_how_it_was_found() -> None:
    kept = _found(TINY).kept()
    returns = [iterate.mean_return for iterate in kept.iterates]
    assert returns == sorted(returns)
    assert 1 <= len(returns) <= TINY.num_kept
    assert kept.search == TINY
    assert kept.control_hz == pytest.approx(10.0)


def test_a_search_repeats_itself_and_differs_with_the_seed() -> None:
    first = _found(TINY).state.cma.mean
    np.testing.assert_array_equal(_found(TINY).state.cma.mean, first)
    assert not np.array_equal(_found(replace(TINY, seed=1)).state.cma.mean, first)


def test_a_resumed_search_is_the_uninterrupted_one(tmp_path: Path) -> None:
    whole = _found(TINY)
    _found(replace(TINY, generations=2), tmp_path / "search.npz")
    parts = _found(TINY, tmp_path / "search.npz")
    _require_equal(parts, whole)


def test_a_search_stopped_between_tests_loses_only_what_came_after(tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    def stop(progress: SearchProgress) -> None:
        if progress.generation == 2:
            raise Stop

    with pytest.raises(Stop):
        RandomSearch(TINY, tmp_path / "search.npz").run(stop)
    _require_equal(_found(TINY, tmp_path / "search.npz"), _found(TINY))


def test_guidance_steers_the_search_but_not_its_returns() -> None:
    config = replace(TINY, generations=2, task="hopper-hop", guidance=1.0)
    search = _found(config)
    assert search.state.returns == [0.0] * 2
    assert not np.array_equal(search.state.cma.mean, _found(replace(config, guidance=0.0)).state.cma.mean)


def test_the_file_of_another_search_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "search.npz"
    _found(replace(TINY, generations=2), path)
    with pytest.raises(ConfigError, match=r"holds the search .*another path"):
        RandomSearch(replace(TINY, seed=7), path)


@pytest.mark.parametrize("content", [b"", b"no search", b"PK\x03\x04 cut short"])
def test_what_is_no_search_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "search.npz"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="not the file of a search"):
        RandomSearch(TINY, path)


def test_tasks_without_batched_physics_are_refused() -> None:
    with pytest.raises(UnknownRobot, match="cheetah-run"):
        RandomSearch(SearchConfig(task="pendulum-swingup"))


@pytest.mark.parametrize(
    "settings",
    [{"generations": 0}, {"population": 3}, {"sigma": 0.0}, {"guidance": -1.0}, {"num_kept": 1}, {"seed": -1}],
)
def test_settings_are_checked(settings: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=r"must be (at least \d|positive), found"):
        SearchConfig(**settings)
