"""Success rates come with the uncertainty that the number of episodes leaves."""

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clam_robot.control.success_rate import SuccessRate
from clam_robot.types import EpisodeOutcome

relaxed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=50)


def outcome(success: bool | None) -> EpisodeOutcome:
    return EpisodeOutcome(success=success, episode_return=None, num_steps=1, end="horizon", achieved_hz=10.0)


def test_episodes_that_nobody_judged_do_not_count() -> None:
    found = SuccessRate.of(outcome(success) for success in (True, None, False, True, None))
    assert found == SuccessRate(successes=2, num_episodes=3)
    assert found.rate == pytest.approx(2 / 3)


def test_without_an_episode_everything_is_possible() -> None:
    nothing = SuccessRate.of([])
    assert math.isnan(nothing.rate)
    assert nothing.interval() == (0.0, 1.0)
    assert str(nothing) == "nan [0.00, 1.00] (0/0)"


@pytest.mark.parametrize(
    ("successes", "num_episodes", "expected"),
    [(8, 10, (0.4902, 0.9433)), (0, 10, (0.0, 0.2775)), (10, 10, (0.7225, 1.0)), (50, 100, (0.4038, 0.5962))],
)
def test_the_interval_is_wilsons(successes: int, num_episodes: int, expected: tuple[float, float]) -> None:
    found = SuccessRate(successes=successes, num_episodes=num_episodes).interval()
    assert found == pytest.approx(expected, abs=1e-4)


@relaxed
@given(num_episodes=st.integers(1, 10_000), share=st.floats(0.0, 1.0), confidence=st.floats(0.5, 0.999))
def test_the_interval_holds_the_rate_stays_in_zero_to_one_and_widens_with_confidence(
    num_episodes: int, share: float, confidence: float
) -> None:
    found = SuccessRate(successes=round(share * num_episodes), num_episodes=num_episodes)
    low, high = found.interval(confidence)
    assert 0.0 <= low <= found.rate + 1e-12
    assert found.rate - 1e-12 <= high <= 1.0
    wider = found.interval(0.9999)
    assert wider[0] <= low + 1e-12
    assert high <= wider[1] + 1e-12


def test_it_reads_as_rate_interval_and_counts() -> None:
    assert str(SuccessRate(successes=8, num_episodes=10)) == "0.80 [0.49, 0.94] (8/10)"
