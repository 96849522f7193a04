"""Waits for a robot, or its joints, on a machine that stalls."""

from clam_robot.errors import StaleObservation
from clam_robot.hardware.joint_driver import JointDriver, JointState
from clam_robot.interfaces import Robot
from clam_robot.timing import Clock
from clam_robot.types import Observation


def patient_observation(robot: Robot, clock: Clock, patience: float) -> Observation:
    """The newest observation; a moment without one is waited for.

    Args:
        robot: reset.
        clock: the robot's.
        patience: longest wait [s].

    Raises:
        StaleObservation: there was none all the while.
    """
    deadline = clock.now() + patience
    while True:
        try:
            return robot.get_observation()
        except StaleObservation:
            if clock.now() > deadline:
                raise
        clock.sleep_until(clock.now() + 1.0 / robot.spec.control_hz)


def patient_state(driver: JointDriver, clock: Clock, patience: float) -> JointState:
    """The newest state of the joints; a moment without one is waited for.

    Args:
        driver: connected.
        clock: the driver's.
        patience: longest wait [s].

    Raises:
        StaleObservation: there was none all the while.
    """
    deadline = clock.now() + patience
    while True:
        try:
            return driver.read()
        except StaleObservation:
            if clock.now() > deadline:
                raise
        clock.sleep_until(clock.now() + _BREATH)


_BREATH = 0.01  # between two questions [s]
