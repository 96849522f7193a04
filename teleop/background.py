"""Reads a device all the time, so that its stop works while nobody asks it, and a stuck device is silent."""

import threading
from dataclasses import replace

from clam_robot.errors import DeviceUnavailable
from clam_robot.hardware.stop_latch import StopLatch
from clam_robot.timing import Clock
from teleop.device import Event, Motion, TeleopDevice, silent

_OPENS_WITHIN = 10.0  # [s]
_ENDS_WITHIN = 5.0  # [s]


class BackgroundDevice:
    """A `TeleopDevice` around another one, which is opened, read and closed in one thread.

    Its stop sets the latch at once, also while the robot goes to its start.

    Args:
        device: which.
        clock: real.
        latch: what its stop sets; without one the stop is an event like others.
        hz: readings per second.
        stale_after: age at which a reading is no longer believed [s].
    """

    def __init__(
        self,
        device: TeleopDevice,
        clock: Clock,
        *,
        latch: StopLatch | None = None,
        hz: float = 100.0,
        stale_after: float = 0.3,
    ) -> None:
        self._device, self._clock, self._latch = device, clock, latch
        self._period, self._stale_after = 1.0 / hz, stale_after
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._opened = threading.Event()
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None
        self._motion, self._time = silent("nothing was read yet"), 0.0

    def open(self) -> None:
        if self._thread is not None:
            return
        self._ending.clear()
        self._opened.clear()
        self._error = None
        self._thread = threading.Thread(target=self._run, name="teleoperation device", daemon=True)
        self._thread.start()
        if not self._opened.wait(_OPENS_WITHIN):
            self.close()
            raise DeviceUnavailable(f"the device did not open within {_OPENS_WITHIN:g} s; unplug it and plug it in")
        if self._error is not None:
            error = self._error
            self.close()
            raise error

    def close(self) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            self._ending.set()
            thread.join(_ENDS_WITHIN)

    def read(self) -> Motion:
        if self._thread is None:
            raise DeviceUnavailable("the device is not open; call open() first")
        with self._lock:
            motion, age = self._motion, self._clock.now() - self._time
            self._motion = replace(motion, events=(), gripper=None)
        if self._error is not None:
            return replace(silent(f"the device failed: {self._error}"), events=motion.events)
        if age > self._stale_after:
            return replace(silent("the device hangs"), events=motion.events)
        return motion

    def _run(self) -> None:
        try:
            self._device.open()
            try:
                self._take(self._device.read())
                self._opened.set()
                deadline = self._clock.now()
                while not self._ending.is_set():
                    deadline = max(deadline + self._period, self._clock.now())
                    self._clock.sleep_until(deadline)
                    self._take(self._device.read())
            finally:
                self._device.close()
        except Exception as error:  # noqa: BLE001 - whoever opens or reads gets it
            self._error = error
            self._opened.set()

    def _take(self, motion: Motion) -> None:
        if self._latch is not None and Event.STOP in motion.events:
            self._latch.stop(detail="asked for by who drives it")
            motion = replace(motion, events=tuple(each for each in motion.events if each is not Event.STOP))
        now = self._clock.now()
        with self._lock:
            merged = motion.after(self._motion)
            # What is not alive commands nothing, but what was said before stays said.
            self._motion = merged if motion.is_alive else replace(merged, gripper=None)
            self._time = now
