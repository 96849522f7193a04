"""Stamps of a clock that drifts, wraps and restarts are told in the robot's time, whatever delays their arrival."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clam_robot.hardware.cameras.hardware_clock import HardwareClock

PERIOD = 1 / 30
WINDOW = 5.0
PER_WINDOW = int(WINDOW / PERIOD)
WAY = 0.004  # the fastest way of a frame [s]

drifts = st.floats(-1e-4, 1e-4)
offsets = st.floats(-1e6, 1e6)
# Every tenth frame takes the fast way; the others are late by up to a fifth of a second, as on a busy machine.
delays = st.lists(st.floats(0.0, 0.2), min_size=9, max_size=9).map(lambda late: [0.0, *late])


def arrivals(delays: list[float], count: int) -> list[tuple[float, float]]:
    """Capture and arrival of each frame by the robot's clock [s]."""
    found: list[tuple[float, float]] = []
    last = 0.0
    for k in range(count):
        captured = 100.0 + k * PERIOD
        last = max(last, captured + WAY + delays[k % len(delays)])  # a frame never overtakes another
        found.append((captured, last))
    return found


@given(drift=drifts, offset=offsets, delays=delays)
def test_times_are_right_within_the_way_and_the_drift_of_a_window(
    drift: float, offset: float, delays: list[float]
) -> None:
    clock = HardwareClock(window=WINDOW)
    for captured, arrival in arrivals(delays, 3 * PER_WINDOW):
        time = clock.time_of(offset + captured * (1 + drift), arrival)
        # The fastest frame of ten may have come behind one that was late by 0.2 s: six frames on, that is made good.
        if arrival > 102.0:
            assert captured + WAY - abs(drift) * WINDOW - 1e-6 <= time <= captured + WAY + abs(drift) * WINDOW + 0.2
        assert time <= arrival


@given(drift=drifts, offset=offsets, late=st.floats(0.0, 0.03))
def test_jitter_below_a_period_is_taken_out_to_the_drift(drift: float, offset: float, late: float) -> None:
    clock = HardwareClock(window=WINDOW)
    delays = [0.0] + [late] * 9
    for k, (captured, arrival) in enumerate(arrivals(delays, 3 * PER_WINDOW)):
        time = clock.time_of(offset + captured * (1 + drift), arrival)
        if k >= 1:
            assert time == pytest.approx(captured + WAY, abs=abs(drift) * WINDOW + 1e-6)


@given(
    steps=st.lists(st.tuples(st.floats(-1e4, 1e4), st.floats(0.0, 10.0)), min_size=1, max_size=60),
    modulus=st.none() | st.floats(1.0, 5000.0),
)
def test_times_never_go_back_and_never_lie_ahead_of_the_arrival(
    steps: list[tuple[float, float]], modulus: float | None
) -> None:
    clock = HardwareClock(modulus=modulus)
    arrival, last = 0.0, -float("inf")
    for stamp, wait in steps:
        arrival += wait
        time = clock.time_of(stamp, arrival)
        assert last <= time <= arrival
        last = time


@given(start=st.floats(4290.0, 4294.9))
def test_a_clock_that_begins_anew_after_32_bits_goes_on(start: float) -> None:
    modulus = 2**32 / 1e6
    clock = HardwareClock(modulus=modulus)
    for captured, arrival in arrivals([0.0, 0.02], 2 * PER_WINDOW):
        time = clock.time_of((start + captured - 100.0) % modulus, arrival)
        assert time == pytest.approx(captured + WAY, abs=1e-6)


@pytest.mark.parametrize("after", [0.0, 7.0, 5000.0])
def test_a_device_that_restarts_is_followed_at_once(after: float) -> None:
    clock = HardwareClock()
    frames = arrivals([0.0], 120)
    for k, (captured, arrival) in enumerate(frames):
        stamp = captured + 900.0 if k < 60 else captured - frames[60][0] + after
        assert clock.time_of(stamp, arrival) == pytest.approx(captured + WAY, abs=1e-6)


def test_frames_that_wait_while_the_machine_stands_still_keep_their_times() -> None:
    clock = HardwareClock()
    for k in range(60):
        clock.time_of(k * PERIOD, 50.0 + k * PERIOD + WAY)
    woken = 50.0 + 60 * PERIOD + 2.0
    for k in range(60, 100):
        assert clock.time_of(k * PERIOD, woken) == pytest.approx(50.0 + k * PERIOD + WAY, abs=1e-6)
