"""Looks at the servos' registers once or twice a second, off every loop."""

import logging
import threading

from clam_robot.errors import ClamRobotError
from clam_robot.hardware import safety_rules
from clam_robot.hardware.joint_driver import JointDriver, ServoStatus
from clam_robot.hardware.safety_rules import Reason, SafetyLimits
from clam_robot.hardware.stop_latch import StopLatch

logger = logging.getLogger(__name__)


class HealthWatch:
    """A thread that stops the arm when a servo is in error, hot, without torque, or has lost its speed limit.

    Joint states tell none of that: an overloaded servo answers as ever and does not move.

    Args:
        driver: connected.
        limits: of the rules.
        profile_velocity: what the servos must have [ms].
        latch: what stops the arm.
        period: between two looks [s].
    """

    def __init__(
        self, driver: JointDriver, *, limits: SafetyLimits, profile_velocity: int, latch: StopLatch, period: float = 0.7
    ) -> None:
        self._driver = driver
        self._limits = limits
        self._profile_velocity = profile_velocity
        self._latch = latch
        self._period = period
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="servo health", daemon=True)
        self.latest: tuple[ServoStatus, ...] = ()

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def end(self) -> None:
        """Look no more."""
        self._ending.set()
        self._thread.join(timeout=12.0)

    def look(self) -> None:
        """Look once; whatever is wrong stops the arm."""
        self.latest = self._driver.servos()
        for reason, detail in safety_rules.complaints(self.latest, self._limits.temperature, self._profile_velocity):
            self._latch.stop(reason, detail)

    def _run(self) -> None:
        while not self._ending.wait(self._period):
            try:
                self.look()
            except ClamRobotError as error:
                if not self._ending.is_set():
                    self._latch.stop(Reason.DRIVER, str(error))
