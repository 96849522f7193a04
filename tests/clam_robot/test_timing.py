"""Clocks go forward; a rate keeps absolute deadlines and never catches up with a burst."""

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clam_robot.timing import Clock, ManualClock, MonotonicClock, Rate

relaxed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def test_both_clocks_are_clocks() -> None:
    assert isinstance(ManualClock(), Clock)
    assert isinstance(MonotonicClock(), Clock)


def test_a_manual_clock_jumps_to_a_deadline_and_never_back() -> None:
    clock = ManualClock(start=5.0)
    clock.sleep_until(7.0)
    assert clock.now() == 7.0
    clock.sleep_until(6.0)
    assert clock.now() == 7.0
    clock.advance(0.5)
    assert clock.now() == 7.5


@pytest.mark.parametrize("seconds", [-0.1, math.nan])
def test_a_manual_clock_refuses_to_go_back(seconds: float) -> None:
    clock = ManualClock()
    with pytest.raises(ValueError, match="only moves forward"):
        clock.advance(seconds)
    assert clock.now() == 0.0


def test_the_monotonic_clock_never_returns_before_a_deadline() -> None:
    clock = MonotonicClock()
    deadline = clock.now() + 0.01
    clock.sleep_until(deadline)
    assert clock.now() >= deadline
    clock.sleep_until(clock.now() - 100.0)


@pytest.mark.parametrize("hz", [0.0, -1.0, math.nan, math.inf])
def test_a_rate_is_positive_and_finite(hz: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        Rate(hz, ManualClock())


@relaxed
@given(work=st.lists(st.floats(0.0, 0.0999), max_size=50), start=st.floats(0.0, 1e6))
def test_periods_begin_on_a_fixed_grid_however_the_work_varies(work: list[float], start: float) -> None:
    clock = ManualClock(start)
    rate = Rate(10.0, clock)
    for count, seconds in enumerate(work, start=1):
        clock.advance(seconds)
        rate.sleep()
        assert clock.now() == pytest.approx(start + count * 0.1, rel=0, abs=1e-7)
    assert rate.num_overruns == 0
    assert rate.worst_lateness == 0.0


@relaxed
@given(work=st.lists(st.floats(0.0, 0.5), min_size=1, max_size=50))
def test_every_overrun_is_counted_once_and_no_period_is_shorter_than_its_work_or_the_rate(work: list[float]) -> None:
    clock = ManualClock()
    rate = Rate(10.0, clock)
    for seconds in work:
        begin = clock.now()
        clock.advance(seconds)
        rate.sleep()
        assert clock.now() - begin == pytest.approx(max(seconds, 0.1), abs=1e-9)
    late = [seconds - 0.1 for seconds in work if seconds > 0.1 + 1e-9]
    assert rate.num_overruns == pytest.approx(len(late), abs=sum(abs(seconds - 0.1) <= 1e-9 for seconds in work))
    assert rate.worst_lateness == pytest.approx(max(late, default=0.0), abs=1e-9)


def test_after_a_stall_the_loop_goes_on_at_its_rate_without_a_burst() -> None:
    clock = ManualClock()
    rate = Rate(10.0, clock)
    clock.advance(1.03)
    begins = []
    for _ in range(4):
        rate.sleep()
        begins.append(clock.now())
    assert begins == pytest.approx([1.03, 1.13, 1.23, 1.33])
    assert rate.num_overruns == 1
    assert rate.worst_lateness == pytest.approx(0.93)


def test_work_that_ends_exactly_at_the_deadline_is_in_time() -> None:
    clock = ManualClock()
    rate = Rate(4.0, clock)
    clock.advance(0.25)
    rate.sleep()
    assert rate.num_overruns == 0
    assert clock.now() == 0.25


def test_reset_starts_the_first_period_now_and_the_counts_at_zero() -> None:
    clock = ManualClock()
    rate = Rate(10.0, clock)
    clock.advance(5.0)
    rate.sleep()
    clock.advance(5.0)
    rate.reset()
    assert (rate.num_overruns, rate.worst_lateness) == (0, 0.0)
    rate.sleep()
    assert clock.now() == pytest.approx(10.1)
    assert rate.num_overruns == 0
