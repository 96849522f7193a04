"""A camera that is drawn: a moving bar over noise."""

import numpy as np

from clam_robot.errors import NotConnected
from clam_robot.hardware.cameras.camera import Frame
from clam_robot.hardware.cameras.setup import PatternSetup
from clam_robot.specs import CameraSpec
from clam_robot.timing import Clock, Rate

_GREY, _NOISE = 96, 32
# The bar crosses the picture in so many frames.
_CROSSING = 60


class PatternCamera:
    """A `Camera` that draws a test pattern.

    Args:
        setup: size and rate.
        clock: paces and stamps the frames.
    """

    def __init__(self, setup: PatternSetup, clock: Clock) -> None:
        self._setup, self._clock = setup, clock
        self._rate: Rate | None = None
        self._sequence = 0
        noise = np.random.default_rng(0).integers(_GREY, _GREY + _NOISE, (setup.height, setup.width, 3))
        self._background = noise.astype(np.uint8)

    @property
    def spec(self) -> CameraSpec:
        """Size of its images."""
        return self._setup.spec

    @property
    def fps(self) -> float:
        """Frames per second."""
        return self._setup.fps

    @property
    def serial(self) -> str:
        """There is only one."""
        return "pattern"

    @property
    def time_source(self) -> str:
        """Drawn when it is stamped."""
        return "device"

    def open(self) -> None:
        """Begin."""
        if self._rate is None:
            self._rate = Rate(self._setup.fps, self._clock)

    def close(self) -> None:
        """Stop."""
        self._rate = None

    def read(self, timeout: float) -> Frame:
        """The next frame when it is due.

        Raises:
            NotConnected: open() comes first.
        """
        if self._rate is None:
            raise NotConnected("the pattern is not open; call open() first")
        self._rate.sleep()
        self._sequence += 1
        image = self._background.copy()
        width = self._setup.width
        left = self._sequence % _CROSSING * width // _CROSSING
        image[:, left : left + max(width // 20, 1)] = 255 - image[:, left : left + max(width // 20, 1)]
        return Frame(image=image, time=self._clock.now() - self._setup.latency, sequence=self._sequence)
