"""A camera of the twin's scene, behind the protocol of real ones."""

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
        """Twin and view."""
        return f"{self._setup.address} {self._setup.view}"

    @property
    def time_source(self) -> str:
        """The twin shows the scene as it is when it is asked."""
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
        begin = self._clock.now()
        setup = self._setup
        try:
            image = self._client.frame(setup.view, setup.height, setup.width)
        except RobotError as error:
            raise CameraUnavailable(str(error)) from None
        self._sequence += 1
        return Frame(image=image.copy(), time=begin - setup.latency, sequence=self._sequence)
