import numpy as np
import pytest

from clam_robot.errors import InvalidVector
from clam_robot.hardware.calibration.arm_calibration import ArmCalibration, GripperCalibration
from clam_robot.hardware.corrected_driver import CorrectedDriver
from clam_robot.hardware.joint_driver import JointDriver
from clam_robot.hardware.wx250s import FINGER_CLOSED, FINGER_OPEN, HOME, joint_limits
from clam_robot.testing.fake_driver import FakeDriver
from clam_robot.timing import ManualClock
from tests.clam_robot.hardware.calibration.known_joints import MADE_AT, known_joints

JOINTS = known_joints({"shoulder": 0.005, "elbow": -0.004}, {"shoulder": 1e-3})
GRIPPER = GripperCalibration(closed=0.017, opened=0.035, sigma=1e-4, effort=0.25, made_at=MADE_AT)


def holding(position: np.ndarray) -> np.ndarray:
    """Torque that holds the joints: 4 Nm of the shoulder, upwards."""
    return np.array([0.0, -4.0, 0.0, 0.0, 0.0, 0.0])


def make(calibration: ArmCalibration) -> tuple[CorrectedDriver, FakeDriver]:
    fake = FakeDriver(ManualClock(), HOME)
    driver = CorrectedDriver(fake, calibration, holding)
    driver.connect()
    return driver, fake


def test_joints_are_where_they_truly_are() -> None:
    driver, _ = make(ArmCalibration(joints=JOINTS))
    assert isinstance(driver, JointDriver)
    # Gravity pulls the other way than it is held: 4 Nm downwards bend the shoulder by 4 mrad more.
    np.testing.assert_allclose(driver.read().position, [0.0, 0.005 + 0.004, -0.004, 0.0, 0.0, 0.0], atol=1e-12)


def test_true_goal_is_reached() -> None:
    driver, fake = make(ArmCalibration(joints=JOINTS))
    goal = np.array([0.1, -0.2, 0.3, 0.0, 0.1, 0.0])
    driver.command(goal)
    np.testing.assert_allclose(driver.read().position, goal, atol=1e-12)
    np.testing.assert_allclose(fake.goals[-1] - goal, [0.0, -0.009, 0.004, 0.0, 0.0, 0.0], atol=1e-12)


def test_goal_at_a_limit_ends_there_and_a_bad_one_is_refused() -> None:
    driver, fake = make(ArmCalibration(joints=JOINTS))
    low, _ = joint_limits()
    driver.command(low)
    assert fake.goals[-1][1] == low[1]
    with pytest.raises(InvalidVector):
        driver.command(np.full(6, np.nan))


def test_fingers_go_from_nominal_stop_to_nominal_stop() -> None:
    driver, fake = make(ArmCalibration(gripper=GRIPPER))
    for reported, wanted in ((0.017, FINGER_CLOSED), (0.035, FINGER_OPEN)):
        fake.finger = reported
        assert driver.read().finger == pytest.approx(wanted)


def test_without_calibration_nothing_changes() -> None:
    driver, fake = make(ArmCalibration())
    driver.command(np.full(6, 0.1))
    np.testing.assert_array_equal(fake.goals[-1], np.full(6, 0.1))
    assert driver.read().finger == fake.finger
