"""Latencies in the physics twin; their distribution is measured by `tests/benchmarks/latency_accuracy.py`."""

import numpy as np
import pytest

from calibration.delay_signals import JointMotion, Sight
from calibration.latency import JOINTS, LatencyViews, fit_latency
from calibration.swing import SwingConfig, swing_at
from clam_robot.errors import ConfigError
from tests.calibration.twin_swing import SERVO_AGE, Delays, swung
from tests.type_checks import unchecked

TOLERANCE = 0.005  # [s]


@pytest.mark.slow
def test_what_is_late_in_the_twin_is_found() -> None:
    delays = Delays(camera=0.061, state=0.012, command=0.035, fps=20.0)
    with unchecked():
        views, real = swung(3, "wrist", delays, SwingConfig(seconds=7.0))
    found = fit_latency(views, state=delays.state + SERVO_AGE)
    assert found.problems == {}
    assert found.camera_latency("twin", 0.0).seconds == pytest.approx(delays.camera, abs=TOLERANCE)
    assert views.told is not None
    true = Sight(begin=None, end=real.time[::10], values=real.position[::10], kind="truth")
    lag = fit_latency(LatencyViews(reported=views.reported, told=views.told, cameras={}), state=0.0)
    of_truth = fit_latency(
        LatencyViews(reported=JointMotion(time=true.end, position=true.values), told=views.told, cameras={})
    )
    assert lag.joints is not None and of_truth.joints is not None and found.command_latency is not None
    assert lag.joints.delay - of_truth.joints.delay == pytest.approx(delays.state + SERVO_AGE, abs=TOLERANCE)
    assert found.command_latency.seconds == pytest.approx(of_truth.joints.delay, abs=TOLERANCE)


def views(delay: float, lag: float) -> LatencyViews:
    setup = SwingConfig(seconds=10.0)
    time = np.arange(0.0, 10.0, 0.02)
    told = swing_at(setup, time)
    seen_at = np.arange(0.3, 9.5, 0.033)
    seen = 200.0 * swing_at(setup, seen_at - lag - delay)
    return LatencyViews(
        told=JointMotion(time=time, position=told[:, np.newaxis]),
        reported=JointMotion(time=time, position=swing_at(setup, time - lag)[:, np.newaxis]),
        cameras={
            "wrist": Sight(begin=seen_at[:-1], end=seen_at[1:], values=np.diff(seen)[:, np.newaxis], kind="wrist"),
            "dark": Sight(begin=seen_at[:-1], end=seen_at[1:], values=np.zeros((len(seen_at) - 1, 1)), kind="dark"),
        },
    )


def test_what_is_given_for_the_state_goes_to_the_cameras_and_off_the_command() -> None:
    found = fit_latency(views(0.04, 0.1), state=0.01)
    assert found.command_latency is not None
    assert found.command_latency.seconds == pytest.approx(0.09, abs=1e-3)
    assert found.camera_latency("wrist", 0.0).seconds == pytest.approx(0.05, abs=1e-3)
    assert found.camera_latency("wrist", 0.02).seconds == pytest.approx(0.07, abs=1e-3)
    assert found.state_latency.seconds == 0.01
    assert found.state_latency.low == 0.0
    assert found.state_latency.high == pytest.approx(0.1, abs=5e-3)


def test_a_path_without_an_answer_is_named_and_the_others_have_theirs() -> None:
    found = fit_latency(views(0.04, 0.1))
    assert list(found.problems) == ["dark"]
    assert list(found.cameras) == ["wrist"]


def test_an_arm_that_stands_still_is_named() -> None:
    still = views(0.04, 0.1)
    time = still.reported.time
    still = LatencyViews(
        told=JointMotion(time=time, position=np.zeros((len(time), 1))),
        reported=JointMotion(time=time, position=np.zeros((len(time), 1))),
        cameras=still.cameras,
    )
    assert all("too little motion" in each for each in fit_latency(still).problems.values())
    assert fit_latency(still).problems.keys() == {JOINTS, "wrist", "dark"}


def test_a_latency_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="state latency"):
        fit_latency(views(0.04, 0.1), state=-0.1)
