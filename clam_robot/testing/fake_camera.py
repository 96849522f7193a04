"""A camera in memory that can be unplugged, stuck, covered and broken."""

import threading
from collections.abc import Callable

import numpy as np
from jaxtyping import UInt8

from clam_robot.errors import CameraSilent, CameraUnavailable, NotConnected
from clam_robot.hardware.cameras.camera import Frame
from clam_robot.specs import CameraSpec
from clam_robot.timing import Clock


class FakeCamera:
    """A `Camera` that gives noise at its rate and does as it is told.

    Args:
        clock: real.
        spec: size of its images.
        fps: frames per second.

    Attributes:
        is_plugged: whether it is there; reading fails once it is not.
        is_silent: sends nothing.
        is_frozen: gives the same picture again and again.
        is_repeating: gives the same frame again and again.
        failure: raised by the next reads.
        brightness: of the noise [0 .. 255].
        size: of the images it really gives, (height, width); None keeps to the spec.
        skip: frames left out before the next.
        num_opened: how often it was.
        owners: threads that used it.
    """

    def __init__(self, clock: Clock, spec: CameraSpec | None = None, *, fps: float = 200.0) -> None:
        self._clock, self._spec, self._fps = clock, spec or CameraSpec(height=48, width=64), fps
        self._rng = np.random.default_rng(0)
        self._is_open = False
        self._sequence = 0
        self._last: Frame | None = None
        self.is_plugged = True
        self.is_silent = self.is_frozen = self.is_repeating = False
        self.failure: Callable[[], Exception] | None = None
        self.brightness = 100
        self.size: tuple[int, int] | None = None
        self.skip = self.num_opened = 0
        self.owners: set[int] = set()
        self._image = self._draw()

    @property
    def spec(self) -> CameraSpec:
        return self._spec

    @property
    def fps(self) -> float:
        return self._fps

    @property
    def serial(self) -> str:
        return "fake"

    @property
    def time_source(self) -> str:
        return "device"

    def open(self) -> None:
        if self._is_open:
            return
        if not self.is_plugged:
            raise CameraUnavailable("the fake camera is not plugged in")
        self._is_open = True
        self.num_opened += 1

    def close(self) -> None:
        self._is_open = False

    def read(self, timeout: float) -> Frame:
        self.owners.add(threading.get_ident())
        if not self._is_open:
            raise NotConnected("the fake camera is not open; call open() first")
        self._clock.sleep_until(self._clock.now() + 1.0 / self._fps)
        if self.failure is not None:
            raise self.failure()
        if not self.is_plugged:
            raise CameraUnavailable("the fake camera was unplugged")
        if self.is_silent:
            raise CameraSilent(f"no frame from the fake camera in {timeout:g} s")
        if self.is_repeating and self._last is not None:
            return self._last
        self._sequence += 1 + self.skip
        self.skip = 0
        if not self.is_frozen:
            self._image = self._draw()
        self._last = Frame(image=self._image.copy(), time=self._clock.now(), sequence=self._sequence)
        return self._last

    def _draw(self) -> UInt8[np.ndarray, "H W 3"]:
        shape = self.size or self._spec.shape[:2]
        low = max(self.brightness - 4, 0)
        return self._rng.integers(low, min(low + 8, 256), (*shape, 3), dtype=np.uint8)
