import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.delay_fit import fit_delay
from calibration.delay_signals import JointMotion, Sight
from calibration.swing import SwingConfig, swing_at
from clam_robot.errors import CalibrationError

SECONDS = 12.0
COUNT = 2 * np.pi / 4096
TIGHT = 0.005  # [s]


def motion(rng: np.random.Generator, *, jitter: float = 0.0, lost: float = 0.0, hz: float = 50.0) -> JointMotion:
    """A swing of the second joint, read by servos that count, at times that jitter."""
    time = np.sort(np.arange(0.0, SECONDS, 1.0 / hz) + rng.uniform(-0.5, 0.5, int(SECONDS * hz)) * jitter / hz)
    time = time[rng.random(len(time)) >= lost]
    return JointMotion(time=time, position=np.round(path(time) / COUNT) * COUNT)


def path(time: np.ndarray) -> np.ndarray:
    swing = swing_at(SwingConfig(seconds=SECONDS), time)
    return np.stack([np.full_like(time, 0.3), swing, np.full_like(time, -1.0)], axis=1)


def pictures(rng: np.random.Generator, delay: float, *, noise: float, lost: float = 0.0, jitter: float = 0.0) -> Sight:
    """Shifts of a picture in some of its cells; the middle ones see the joint, the last one something else."""
    time = np.arange(0.2, SECONDS, 1.0 / 30.0)
    time = time + rng.uniform(-0.5, 0.5, len(time)) * jitter / 30.0
    time = time[rng.random(len(time)) >= lost]
    seen = path(time - delay)[:, 1]
    levels = np.stack([300.0 * seen + 900.0 * seen**2, -80.0 * seen], axis=1)
    moved = np.diff(levels, axis=0) + rng.normal(0.0, noise, (len(time) - 1, 2))
    return Sight(
        begin=time[:-1],
        end=time[1:],
        values=np.column_stack([moved, rng.normal(0.0, 1.0, len(moved))]),
        kind="camera",
    )


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    delay=st.floats(-0.04, 0.30),
    noise=st.floats(0.0, 0.35),
    jitter=st.floats(0.0, 0.9),
    lost=st.floats(0.0, 0.3),
)
def test_a_cameras_delay_is_found_within_milliseconds(
    seed: int, delay: float, noise: float, jitter: float, lost: float
) -> None:
    rng = np.random.default_rng(seed)
    found = fit_delay(
        motion(rng, jitter=jitter, lost=lost), pictures(rng, delay, noise=noise, lost=lost, jitter=jitter)
    )
    assert abs(found.delay - delay) < TIGHT
    assert found.low < found.delay < found.high
    assert found.num_channels == 2 or noise > 0.3


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), delay=st.floats(0.0, 0.25))
def test_the_lag_of_joints_behind_set_points_is_found(seed: int, delay: float) -> None:
    rng = np.random.default_rng(seed)
    told = motion(rng, jitter=0.2)
    time = np.arange(0.4, SECONDS, 0.01)
    reported = np.round(path(time - delay) / COUNT) * COUNT + rng.normal(0.0, 5e-4, (len(time), 3))
    found = fit_delay(told, Sight(begin=None, end=time, values=reported, kind="joints"))
    assert abs(found.delay - delay) < TIGHT
    assert found.num_channels == 1


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    hits = 0
    for seed in range(25):
        rng = np.random.default_rng(seed)
        delay = rng.uniform(0.0, 0.2)
        found = fit_delay(motion(rng), pictures(rng, delay, noise=0.3))
        hits += found.low <= delay <= found.high
    assert hits >= 20  # of 25 at 95 %: fewer come of chance less than once in a hundred times


def test_too_little_motion_is_told() -> None:
    rng = np.random.default_rng(0)
    still = motion(rng)
    still = JointMotion(time=still.time, position=0.02 * still.position)
    with pytest.raises(CalibrationError, match="too little motion"):
        fit_delay(still, pictures(rng, 0.05, noise=0.1))


def test_a_picture_of_something_else_is_told() -> None:
    rng = np.random.default_rng(0)
    seen = pictures(rng, 0.05, noise=0.1)
    other = Sight(begin=seen.begin, end=seen.end, values=rng.normal(size=seen.values.shape), kind="camera table")
    with pytest.raises(CalibrationError, match="camera table: correlation"):
        fit_delay(motion(rng), other)


def test_a_weak_picture_is_told() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(CalibrationError, match="correlation"):
        fit_delay(motion(rng), pictures(rng, 0.05, noise=8.0))


def test_a_short_recording_is_told() -> None:
    rng = np.random.default_rng(0)
    seen = pictures(rng, 0.05, noise=0.1)
    with pytest.raises(CalibrationError, match=r"move longer \(--swing.seconds\)"):
        fit_delay(motion(rng), seen.rows(np.arange(len(seen.end)) < 40))


def test_a_motion_that_repeats_itself_is_told() -> None:
    time = np.arange(0.0, SECONDS, 0.02)
    wave = JointMotion(time=time, position=0.1 * np.sin(2 * np.pi * 1.5 * time)[:, np.newaxis])
    at = np.arange(0.6, SECONDS - 0.5, 0.033)
    seen = np.sin(2 * np.pi * 1.5 * (at - 0.1))[:, np.newaxis]
    with pytest.raises(CalibrationError, match="repeats itself"):
        fit_delay(wave, Sight(begin=None, end=at, values=seen, kind="camera"))
