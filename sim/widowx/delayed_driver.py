"""An arm whose commands arrive late and whose states are older than their stamps say."""

from collections import deque
from dataclasses import replace

import numpy as np
from jaxtyping import Float64

from clam_robot.hardware.driver_layer import DriverLayer
from clam_robot.hardware.joint_driver import JointDriver, JointState
from clam_robot.timing import Clock


class DelayedDriver(DriverLayer):
    """A `JointDriver` before another one, for a loop that calls it often: delays are as fine as its calls.

    Args:
        driver: the arm, in time.
        clock: its clock.
        command: from a command to the moment the servos have it [s].
        state: from a measurement to its stamp [s].
    """

    def __init__(self, driver: JointDriver, clock: Clock, *, command: float = 0.0, state: float = 0.0) -> None:
        super().__init__(driver)
        self._clock = clock
        self._command, self._state = command, state
        self._goals: deque[tuple[float, np.ndarray]] = deque()
        self._past: deque[JointState] = deque()

    def disconnect(self) -> None:
        """As the arm does; commands on their way are lost."""
        self._goals.clear()
        self._past.clear()
        self._driver.disconnect()

    def read(self) -> JointState:
        """The state of some time ago, stamped now; the oldest there is where that is not known yet."""
        self._deliver()
        now, newest = self._clock.now(), self._driver.read()
        self._past.append(newest)
        while len(self._past) > 1 and self._past[1].time <= now - self._state:
            self._past.popleft()
        return replace(self._past[0], time=newest.time)

    def command(self, position: Float64[np.ndarray, "6"]) -> None:
        """On its way."""
        self._goals.append((self._clock.now() + self._command, position.copy()))
        self._deliver()

    def _deliver(self) -> None:
        while self._goals and self._goals[0][0] <= self._clock.now():
            self._driver.command(self._goals.popleft()[1])
