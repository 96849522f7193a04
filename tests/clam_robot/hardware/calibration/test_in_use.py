import datetime
import logging

import numpy as np
import pytest

from clam_robot.errors import CalibrationError
from clam_robot.hardware.aligned_driver import AlignedDriver
from clam_robot.hardware.calibration.arm_calibration import ArmCalibration, ServoCalibration
from clam_robot.hardware.calibration.calibration import Calibration, read_calibration
from clam_robot.hardware.calibration.expectation import Expectation
from clam_robot.hardware.calibration.in_use import CalibrationInUse
from clam_robot.hardware.calibration.latency_calibration import CameraLatency, Latency, LatencyCalibration
from clam_robot.hardware.cameras.setup import CamerasConfig, PatternSetup
from clam_robot.hardware.sag import SagConfig
from clam_robot.hardware.workspace import Workspace, WorkspaceConfig
from clam_robot.hardware.wx250s import HOME
from clam_robot.testing.fake_driver import FakeDriver
from clam_robot.timing import ManualClock
from tests.clam_robot.hardware.calibration.known_joints import MADE_AT, known_joints

NOW = datetime.datetime(2026, 6, 30, tzinfo=datetime.UTC)
CAMERAS = CamerasConfig(cameras={"wrist": PatternSetup(latency=0.01), "table": PatternSetup(latency=0.02)})


def latency(seconds: float) -> Latency:
    return Latency(seconds=seconds, low=seconds - 1e-3, high=seconds + 1e-3, correlation=0.99)


def in_use(driver: str = "dynamixel", fps: float = 30.0) -> CalibrationInUse:
    known = LatencyCalibration(
        driver="dynamixel",
        state=latency(0.004),
        command=latency(0.09),
        cameras={"wrist": CameraLatency(serial="w 7", latency=latency(0.05), time_source="driver", fps=fps)},
        made_at=MADE_AT,
    )
    return CalibrationInUse(
        calibration=Calibration(latency=known), source="the file", expected=Expectation(now=NOW), driver=driver
    )


def test_measured_latency_takes_the_place_of_what_stands_in_the_cameras_file() -> None:
    aligned = in_use().aligned_cameras(CAMERAS).cameras
    assert (aligned["wrist"].latency, aligned["table"].latency) == (0.05, 0.02)


def test_joints_are_aligned_by_the_states_latency() -> None:
    clock = ManualClock(1.0)
    driver = in_use().corrected_driver(FakeDriver(clock))
    driver.connect()
    assert driver.read().time == pytest.approx(0.996)


def test_without_a_calibration_nothing_changes() -> None:
    driver = FakeDriver(ManualClock())
    assert CalibrationInUse().corrected_driver(driver) is driver
    assert CalibrationInUse().aligned_cameras(CAMERAS) == CAMERAS
    assert CalibrationInUse().record() is None
    CalibrationInUse().admit({"wrist": "any"})


def test_latency_of_another_driver_is_told_and_not_taken_off_the_joints(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        driver = in_use(driver="ros").corrected_driver(FakeDriver(ManualClock()))
    assert not isinstance(driver, AlignedDriver)
    assert "measured over dynamixel, the joints come over ros" in caplog.text


def test_another_rate_is_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        in_use(fps=60.0).aligned_cameras(CAMERAS)
    assert "camera wrist was measured at 60" in caplog.text


def test_a_camera_that_was_exchanged_is_refused() -> None:
    in_use().admit({"wrist": "w 7", "table": "any"})
    with pytest.raises(CalibrationError, match=r"camera 'wrist' was 'w 7'.*now it is 't 9'"):
        in_use().admit({"wrist": "t 9"})


def test_what_goes_into_an_episode_is_read_back() -> None:
    record = in_use().record()
    assert read_calibration(record, "episode") == in_use().calibration


ARM = ArmCalibration(
    joints=known_joints({"shoulder": 0.005}, {"elbow": 1e-3}),
    servos=ServoCalibration(stiffness={"elbow": 30.0}, sigmas={}, num_poses=9, made_at=MADE_AT),
)


def test_arm_that_was_calibrated_is_driven_by_where_it_truly_is() -> None:
    fake = FakeDriver(ManualClock(1.0), HOME)
    driver = CalibrationInUse(calibration=Calibration(arm=ARM)).corrected_driver(fake)
    driver.connect()
    goal = np.array(HOME)
    driver.command(goal)
    holding = Workspace(WorkspaceConfig()).gravity(goal)[2]
    assert fake.goals[-1][1] == pytest.approx(goal[1] - 0.005)
    assert fake.goals[-1][2] == pytest.approx(goal[2] + 1e-3 * holding)
    np.testing.assert_allclose(driver.read().position, goal, atol=1e-5)  # gravity is that of the reported joints
    assert abs(holding) > 0.5


def test_set_points_lean_by_the_stiffness_that_was_measured() -> None:
    usual = SagConfig().stiffness
    assert CalibrationInUse(calibration=Calibration(arm=ARM)).sag().stiffness == (*usual[:2], 30.0, *usual[3:])
    assert CalibrationInUse().sag() == SagConfig()
