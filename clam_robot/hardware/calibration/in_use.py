"""A calibration while an arm and its cameras are driven with it."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from clam_robot import config
from clam_robot.hardware.aligned_driver import AlignedDriver
from clam_robot.hardware.calibration.calibration import Calibration, require_hardware
from clam_robot.hardware.calibration.expectation import Expectation
from clam_robot.hardware.calibration.latency_calibration import LatencyCalibration
from clam_robot.hardware.cameras.setup import CamerasConfig
from clam_robot.hardware.corrected_driver import CorrectedDriver
from clam_robot.hardware.joint_driver import JointDriver
from clam_robot.hardware.sag import SagConfig
from clam_robot.hardware.workspace import Workspace, WorkspaceConfig
from clam_robot.hardware.wx250s import JOINT_NAMES

logger = logging.getLogger(__name__)
_OTHER_RATE = 0.5  # [1/s]


@dataclass(frozen=True, kw_only=True)
class CalibrationInUse:
    """What is taken from a calibration when arm and cameras are made; nothing where there is none.

    Times are corrected where they are stamped, once: a camera takes its latency off the time of each frame, the driver
    the state's off that of each state. So are joints and fingers, where the driver reads and commands them. Whoever is
    above, loop or recorder, corrects nothing.

    Attributes:
        calibration: loaded and found to be of this arm; None where there is none.
        source: where it stands, for messages.
        expected: the hardware as far as it is known before cameras are open.
        driver: the way to the joints.
    """

    calibration: Calibration | None = None
    source: str = ""
    expected: Expectation | None = None
    driver: str = "dynamixel"

    def record(self) -> dict[str, Any] | None:
        """All of it, as it goes into an episode."""
        return None if self.calibration is None else config.to_dict(self.calibration)

    @property
    def state_latency(self) -> float:
        """What is taken off the times of the joints [s]."""
        latency = self._latency
        return 0.0 if latency is None or latency.driver != self.driver else latency.state.seconds

    def corrected_driver(self, driver: JointDriver) -> JointDriver:
        """The joints where they truly are, at the times they were measured."""
        aligned = self._aligned_driver(driver)
        arm = None if self.calibration is None else self.calibration.arm
        if arm is None or (arm.joints is None and arm.gripper is None):
            return aligned
        return CorrectedDriver(aligned, arm, Workspace(WorkspaceConfig()).gravity)

    def sag(self) -> SagConfig:
        """What is known of how far the joints hang below their set-points."""
        usual = SagConfig()
        servos = None if self.calibration is None else self.calibration.arm.servos
        if servos is None:
            return usual
        known = zip(JOINT_NAMES, usual.stiffness, strict=True)
        return replace(usual, stiffness=tuple(servos.stiffness.get(name, value) for name, value in known))

    def _aligned_driver(self, driver: JointDriver) -> JointDriver:
        latency = self._latency
        if latency is not None and latency.driver != self.driver:
            logger.warning(
                "%s: latency was measured over %s, the joints come over %s: their times stay as they are; run `clam "
                "calibrate latency` for this driver",
                self.source,
                latency.driver,
                self.driver,
            )
        return AlignedDriver(driver, self.state_latency) if self.state_latency else driver

    def aligned_cameras(self, setup: CamerasConfig) -> CamerasConfig:
        """Cameras that take their measured latency off the times of frames, in place of what `cameras.toml` says."""
        cameras = dict(setup.cameras)
        for name, known in ({} if self._latency is None else self._latency.cameras).items():
            if name not in cameras:
                continue
            if abs(cameras[name].fps - known.fps) > _OTHER_RATE:
                logger.warning(
                    "%s: latency of camera %s was measured at %g frames per second, it runs at %g; measure it anew",
                    self.source,
                    name,
                    known.fps,
                    cameras[name].fps,
                )
            cameras[name] = replace(cameras[name], latency=known.latency.seconds)
        return replace(setup, cameras=cameras)

    def admit(self, serials: Mapping[str, str]) -> None:
        """Look at the cameras once they are open.

        Args:
            serials: by name.

        Raises:
            CalibrationError: one is another than the calibrated one; names both.
        """
        if self.calibration is not None and self.expected is not None:
            require_hardware(self.calibration, replace(self.expected, cameras=dict(serials)), self.source)

    @property
    def _latency(self) -> LatencyCalibration | None:
        return None if self.calibration is None else self.calibration.latency
