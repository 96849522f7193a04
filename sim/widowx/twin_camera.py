"""A camera of the twin's scene, behind the protocol of real ones."""

import numpy as np
from jaxtyping import UInt8

from clam_robot.errors import CameraUnavailable, ConfigError, NotConnected, RobotError
from clam_robot.hardware.cameras.camera import Frame
from clam_robot.hardware.cameras.setup import TwinSetup
from clam_robot.specs import CameraSpec
from clam_robot.timing import Clock, Rate
from sim.widowx.twin_client import TwinClient


class TwinCamera:
    """A `Camera` on the side channel of `clam twin`; its own connection, at its own pace.

    Args:
        setup: which, and how.
        clock: real; paces and stamps the frames.

    Raises:
        ConfigError: the address is none.
    """

    def __init__(self, setup: TwinSetup, clock: Clock) -> None:
        host, colon, port = setup.address.rpartition(":")
        if not colon or not port.isdigit():
            raise ConfigError(f"address: expected HOST:PORT as `clam twin` prints it, found {setup.address!r}")
        self._address = (host, int(port))
        self._setup, self._clock = setup, clock
        self._client: TwinClient | None = None
        self._rate: Rate | None = None
        self._sequence = 0
        self._random = np.random.default_rng(0)

    @property
    def spec(self) -> CameraSpec:
        """Size of its images."""
        return self._setup.spec

    @property
    def fps(self) -> float:
        """Frames per second it is asked for."""
        return self._setup.fps

    @property
    def serial(self) -> str:
        """Of the view; the twin's address may be another one every time."""
        return f"twin {self._setup.view}"

    @property
    def time_source(self) -> str:
        """The twin says when the scene was as it shows it."""
        return "device"

    def open(self) -> None:
        """Call the twin.

        Raises:
            CameraUnavailable: nobody answers, or the scene has no such camera.
        """
        if self._client is not None:
            return
        try:
            client = TwinClient(self._address)
            there = client.describe()["cameras"]
        except RobotError as error:
            raise CameraUnavailable(str(error)) from None
        if self._setup.view not in there:
            client.close()
            raise CameraUnavailable(f"the twin has no camera {self._setup.view!r}; there are {', '.join(there)}")
        self._client, self._rate = client, Rate(self._setup.fps, self._clock)

    def close(self) -> None:
        """Hang up."""
        if self._client is not None:
            self._client.close()
        self._client = self._rate = None

    def read(self, timeout: float) -> Frame:
        """A picture of the scene when the next is due.

        Raises:
            NotConnected: open() comes first.
            CameraUnavailable: the twin is gone, or cannot draw.
        """
        if self._client is None or self._rate is None:
            raise NotConnected("the twin's camera is not open; call open() first")
        self._rate.sleep()
        setup = self._setup
        try:
            image, taken_at = self._client.photo(setup.view, setup.height, setup.width, setup.lens)
        except RobotError as error:
            raise CameraUnavailable(str(error)) from None
        self._sequence += 1
        return Frame(image=self._noisy(image), time=taken_at - setup.latency, sequence=self._sequence)

    def _noisy(self, image: UInt8[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "H W 3"]:
        if self._setup.noise == 0.0:
            return image.copy()
        noise = self._random.standard_normal(image.shape, dtype=np.float32)
        return np.clip(image + self._setup.noise * noise, 0, 255).astype(np.uint8)
