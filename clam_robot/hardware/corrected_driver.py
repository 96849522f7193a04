"""The one place where the arm's calibration is applied: above it joints are where they truly are."""

import threading
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from jaxtyping import Float64

from clam_robot.hardware.calibration.arm_calibration import ArmCalibration
from clam_robot.hardware.driver_layer import DriverLayer
from clam_robot.hardware.joint_driver import JointDriver, JointState
from clam_robot.hardware.joint_goal import require_joint_goal
from clam_robot.hardware.wx250s import FINGER_CLOSED, FINGER_OPEN, joint_limits


class CorrectedDriver(DriverLayer):
    """A `JointDriver` whose joints and fingers are corrected by a calibration.

    The fingers go from the nominal closed to the nominal open distance, wherever theirs stop. Goals that a correction
    would take beyond a joint's limits end there.

    Args:
        driver: of the arm that was calibrated.
        calibration: of it.
        gravity: torque that holds the joints still at positions [rad] [Nm], as `Workspace.gravity`.
    """

    def __init__(
        self,
        driver: JointDriver,
        calibration: ArmCalibration,
        gravity: Callable[[Float64[np.ndarray, "6"]], Float64[np.ndarray, "6"]],
    ) -> None:
        super().__init__(driver)
        self._joints, self._gripper, self._gravity = calibration.joints, calibration.gripper, gravity
        self._lock = threading.Lock()  # states are read by one thread while another sends goals

    def read(self) -> JointState:
        """The newest state, corrected."""
        state = super().read()
        position = state.position + self._correction(state.position)
        return replace(state, position=position, finger=self._finger(state.finger))

    def command(self, position: Float64[np.ndarray, "6"]) -> None:
        """Set the joints' true goal [rad]."""
        goal = require_joint_goal(position)
        super().command(np.clip(goal - self._correction(goal), *joint_limits()))

    def _correction(self, position: Float64[np.ndarray, "6"]) -> Float64[np.ndarray, "6"]:
        if self._joints is None:
            return np.zeros_like(position)
        if not self._joints.compliances:
            return self._joints.correction(np.zeros_like(position))
        with self._lock:
            return self._joints.correction(-self._gravity(position))

    def _finger(self, reported: float) -> float:
        if self._gripper is None:
            return reported
        share = (reported - self._gripper.closed) / (self._gripper.opened - self._gripper.closed)
        return FINGER_CLOSED + share * (FINGER_OPEN - FINGER_CLOSED)
