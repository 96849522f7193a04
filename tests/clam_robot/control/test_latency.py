"""The estimate follows slow answers, and neither a stall nor ancient history."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clam_robot.control.latency import LatencyEstimate
from clam_robot.errors import ConfigError

seconds = st.floats(0.0, 10.0)


def estimate_of(latencies: list[float], **options: float) -> float | None:
    estimate = LatencyEstimate(**options)  # type: ignore[arg-type]
    for latency in latencies:
        estimate.add(latency)
    return estimate.seconds


def test_before_the_first_answer_nothing_is_known() -> None:
    assert LatencyEstimate().seconds is None


def test_one_stall_among_many_answers_does_not_count() -> None:
    assert estimate_of([0.1] * 30 + [5.0] + [0.1] * 30) == 0.1


def test_answers_that_became_slower_are_believed_within_a_few() -> None:
    assert estimate_of([0.1] * 60 + [0.4] * 4) == 0.4


def test_what_left_the_window_is_forgotten() -> None:
    assert estimate_of([5.0] * 64 + [0.1] * 64) == 0.1
    assert estimate_of([5.0, 0.1, 0.2], window=2) == 0.2


@pytest.mark.parametrize("nonsense", [-1.0, math.nan, math.inf])
def test_what_is_no_latency_is_left_out(nonsense: float) -> None:
    assert estimate_of([0.1, nonsense]) == 0.1


@given(st.lists(seconds, min_size=1, max_size=100), st.integers(1, 80), st.floats(0.01, 1.0))
def test_the_wanted_share_of_the_window_is_no_slower_than_the_estimate(
    latencies: list[float], window: int, quantile: float
) -> None:
    estimate = estimate_of(latencies, window=window, quantile=quantile)
    recent = latencies[-window:]
    assert estimate in recent
    assert sum(latency <= estimate for latency in recent) >= quantile * len(recent)
    assert sum(latency < estimate for latency in recent) < quantile * len(recent)


@pytest.mark.parametrize("wrong", [{"window": 0}, {"quantile": 0.0}, {"quantile": 1.1}, {"quantile": math.nan}])
def test_an_estimate_of_nothing_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="latency estimate"):
        LatencyEstimate(**wrong)  # type: ignore[arg-type]
