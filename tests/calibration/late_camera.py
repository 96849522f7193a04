"""A camera on a fake arm: stripes that shift with the waist, shown late."""

import threading

import numpy as np

from clam_robot.hardware.cameras.camera import Frame
from clam_robot.hardware.joint_driver import JointState
from clam_robot.specs import CameraSpec
from clam_robot.testing.fake_driver import FakeDriver
from clam_robot.timing import Clock

# So few that the flow can follow from frame to frame when a busy machine leaves most of them out.
PIXELS_PER_RADIAN = 100.0


class WatchedDriver(FakeDriver):
    """Perfect servos that remember where they said they were."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.past: list[tuple[float, float]] = [(clock.now(), 0.0)]
        self._in_turn = threading.Lock()

    def read(self) -> JointState:
        """As the fake does, for one thread after the other."""
        with self._in_turn:
            state = super().read()
            self.past.append((state.time, float(state.position[0])))
        return state


class LateCamera:
    """A `Camera`.

    Args:
        driver: of the arm.
        clock: real.
        late: age of what a frame shows, by its stamp [s].
    """

    fps = 30.0
    serial = "late 1"
    time_source = "arrival"
    spec = CameraSpec(height=120, width=160)

    def __init__(self, driver: WatchedDriver, clock: Clock, late: float) -> None:
        self._driver, self._clock, self._late = driver, clock, late
        self._due = clock.now()
        self._y, self._x = np.mgrid[:120, :160].astype(np.float64)

    def open(self) -> None:
        """Nothing to open."""

    def close(self) -> None:
        """Nothing to close."""

    def read(self, timeout: float) -> Frame:
        del timeout
        self._due = max(self._due + 1.0 / self.fps, self._clock.now())
        self._clock.sleep_until(self._due)
        times, waist = np.array(list(self._driver.past)).T
        # Where the waist was is known up to when somebody last asked, which a busy machine may do late.
        shown = min(self._clock.now() - self._late, times[-1])
        x = self._x - PIXELS_PER_RADIAN * np.interp(shown, times, waist)
        wave = np.sin(0.21 * x + 0.13 * self._y) + np.sin(0.11 * x - 0.3 * self._y) + np.sin(0.4 * x)
        grey = np.clip(128.0 + 30.0 * wave, 0, 255).astype(np.uint8)
        return Frame(image=np.dstack([grey] * 3), time=float(shown) + self._late)
