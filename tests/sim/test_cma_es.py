"""CMA-ES climbs, whatever the shape of the hill."""

import numpy as np
import pytest

from sim.cma_es import CmaEs, CmaState

SIZE = 6


def _ellipsoid(x: np.ndarray) -> np.ndarray:
    """Highest, 0, at ones; a thousand times steeper in one direction than in another."""
    return -(((x - 1.0) ** 2) * np.logspace(0, 3, SIZE)).sum(axis=-1)


def _run(num_generations: int, *, seed: int = 0, state: CmaState | None = None) -> CmaState:
    search = CmaEs(CmaState.start(SIZE, 0.5) if state is None else state, population=12)
    for _ in range(num_generations):
        candidates = search.ask(np.random.default_rng([seed, int(search.state.generation)]))
        search.tell(candidates, _ellipsoid(candidates))
    return search.state


@pytest.mark.parametrize("seed", range(3))
def test_it_reaches_the_top_of_a_narrow_hill(seed: int) -> None:
    assert _ellipsoid(_run(400, seed=seed).mean) > -1e-6


def test_steps_take_the_shape_of_the_hill() -> None:
    variances = np.diag(_run(300).covariance)
    assert variances[0] > 30 * variances[-1]


def test_only_the_order_of_scores_counts() -> None:
    search, other = (CmaEs(CmaState.start(SIZE, 0.5), population=12) for _ in range(2))
    candidates = search.ask(np.random.default_rng(0))
    search.tell(candidates, _ellipsoid(candidates))
    other.tell(candidates, 7.0 + np.tanh(_ellipsoid(candidates) / 1e4))
    np.testing.assert_array_equal(search.state.mean, other.state.mean)


def test_a_search_in_two_parts_is_the_search_in_one() -> None:
    whole, parts = _run(23), _run(10, state=_run(13))
    np.testing.assert_array_equal(whole.mean, parts.mean)
    np.testing.assert_array_equal(whole.covariance, parts.covariance)
