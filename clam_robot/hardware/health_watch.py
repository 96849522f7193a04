"""Looks at the servos' registers once or twice a second, off every loop."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from clam_robot.errors import ClamRobotError
from clam_robot.hardware import safety_rules
from clam_robot.hardware.joint_driver import JointDriver, ServoStatus
from clam_robot.hardware.safety_rules import Reason, SafetyLimits
from clam_robot.hardware.stop_latch import StopLatch

logger = logging.getLogger(__name__)


class HealthWatch:
    """A thread that stops the arm when a servo is in error, hot, without torque, or has lost its speed limit.

    Joint states tell none of that: an overloaded servo answers as ever and does not move. A look that began while the
    arm was stopped stops nothing that was cleared meanwhile: whoever makes it ready again looks anew.

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
        self._lock = threading.Lock()
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
        self._tell(self._complaints())

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Do not look meanwhile: servos that are being prepared are not yet as they must be."""
        with self._lock:
            yield

    def _run(self) -> None:
        while not self._ending.wait(self._period):
            with self._lock:
                was_stopped = self._latch.cause is not None
                try:
                    self.latest = self._driver.servos()
                    found = self._complaints()
                except ClamRobotError as error:
                    found = [(Reason.DRIVER, str(error))]
                is_outdated = was_stopped and self._latch.cause is None
                if not is_outdated and not self._ending.is_set():
                    self._tell(found)

    def _complaints(self) -> list[tuple[Reason, str]]:
        return safety_rules.complaints(self.latest, self._limits.temperature, self._profile_velocity)

    def _tell(self, found: list[tuple[Reason, str]]) -> None:
        for reason, detail in found:
            self._latch.stop(reason, detail)
