"""How often a caller may ask, on a clock that moves when told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clam_robot.timing import ManualClock
from policy_server.rate_limit import TokenBucket

PAUSES = st.lists(st.floats(0.0, 3.0), min_size=1, max_size=60)
RATES = st.floats(0.1, 100.0)


def test_a_burst_passes_and_the_next_waits_for_its_place() -> None:
    clock = ManualClock()
    bucket = TokenBucket(10.0, clock, burst=3.0)
    assert [bucket.try_take() for _ in range(3)] == [0.0, 0.0, 0.0]
    assert bucket.try_take() == pytest.approx(0.1)
    clock.advance(0.05)
    assert bucket.try_take() == pytest.approx(0.05)
    clock.advance(0.051)
    assert bucket.try_take() == 0.0


def test_a_slow_rate_lets_the_first_through() -> None:
    clock = ManualClock()
    bucket = TokenBucket(0.5, clock)
    assert bucket.try_take() == 0.0
    assert bucket.try_take() == pytest.approx(2.0)


def test_who_takes_places_ahead_waits_longer_each_time() -> None:
    bucket = TokenBucket(4.0, ManualClock(), burst=1.0)
    assert [bucket.take() for _ in range(4)] == pytest.approx([0.0, 0.25, 0.5, 0.75])


@given(rate=RATES, pauses=PAUSES)
def test_no_more_pass_than_the_rate_and_one_burst(rate: float, pauses: list[float]) -> None:
    clock = ManualClock()
    bucket = TokenBucket(rate, clock)
    passed = 0
    for pause in pauses:
        passed += bucket.try_take() == 0.0
        clock.advance(pause)
    assert passed <= rate * clock.now() + max(1.0, rate) + 1e-6


@given(rate=RATES, pauses=PAUSES)
def test_who_waits_as_told_is_let_through(rate: float, pauses: list[float]) -> None:
    clock = ManualClock()
    bucket = TokenBucket(rate, clock)
    for pause in pauses:
        clock.advance(pause)
        if wait := bucket.try_take():
            assert wait <= 1.0 / rate
            clock.advance(wait * (1 + 1e-9) + 1e-9)
            assert bucket.try_take() == 0.0


@given(rate=RATES, count=st.integers(1, 200))
def test_who_sleeps_as_told_keeps_to_the_rate(rate: float, count: int) -> None:
    clock = ManualClock()
    bucket = TokenBucket(rate, clock)
    for _ in range(count):
        clock.advance(bucket.take())
    assert clock.now() >= (count - max(1.0, rate)) / rate - 1e-6
