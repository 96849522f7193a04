"""What stands in a `cameras.toml`.

[cameras.wrist]
kind = "realsense"
serial = "123622270224"
width = 640
height = 480
fps = 30
exposure = 0.008

[cameras.table]
kind = "usb"
path = "/dev/v4l/by-id/usb-046d_HD_Pro_Webcam_C920_1F9A2B3C-video-index0"
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from clam_robot import config
from clam_robot.errors import ConfigError
from clam_robot.hardware.cameras.picture_health import HealthConfig
from clam_robot.specs import CameraSpec

# A device that estimates the moment of exposure may be early by a part of a frame [s].
_LARGEST_LEAD = 0.1


@dataclass(frozen=True, kw_only=True)
class CameraSetup(config.Strict):
    """What every kind of camera has.

    Attributes:
        width: of its images [pixel].
        height: of its images [pixel].
        fps: frames per second.
        latency: from the middle of the exposure to the stamp of a frame, where it was measured; taken off its time [s].
        health: what is worth a warning.
    """

    width: int = 640
    height: int = 480
    fps: float = 30.0
    latency: float = 0.0
    health: HealthConfig = field(default_factory=HealthConfig)

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ConfigError(f"width, height: expected at least one pixel, found {self.width} x {self.height}")
        if not 0 < self.fps <= 1000:
            raise ConfigError(f"fps: expected more than 0 and at most 1000, found {self.fps}")
        if not -_LARGEST_LEAD < self.latency < 1:
            raise ConfigError(f"latency: expected more than -{_LARGEST_LEAD} s and less than 1 s, found {self.latency}")

    @property
    def spec(self) -> CameraSpec:
        """Size of its images."""
        return CameraSpec(height=self.height, width=self.width)


@dataclass(frozen=True, kw_only=True)
class RealSenseSetup(CameraSetup):
    """A RealSense.

    Attributes:
        serial: as `clam cameras` lists it; None takes the only one there is.
        depth: whether depth is measured, too, brought into the colour image, and stored with every frame of an episode.
        exposure: of the colour image [s]; None leaves it to the camera.
        allow_usb2: use it although its cable or port is slow.
    """

    kind: Literal["realsense"] = "realsense"
    serial: str | None = None
    depth: bool = False
    exposure: float | None = None
    allow_usb2: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_exposure(self.exposure)


@dataclass(frozen=True, kw_only=True)
class UsbSetup(CameraSetup):
    """A camera behind V4L2.

    Attributes:
        path: of its device; those in /dev/v4l/by-id and /dev/v4l/by-path stay when it is plugged in anew.
        serial: instead of a path, its USB serial number, as `clam cameras` lists it.
        pixels: four letters of the format it sends; MJPG leaves room on the bus for others.
        exposure: [s]; None leaves it to the camera.
    """

    kind: Literal["usb"] = "usb"
    path: str | None = None
    serial: str | None = None
    pixels: str = "MJPG"
    exposure: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_exposure(self.exposure)
        if (self.path is None) == (self.serial is None):
            raise ConfigError("path, serial: give one of them; `clam cameras` lists both")
        if len(self.pixels) != 4:
            raise ConfigError(f"pixels: expected four letters such as MJPG or YUYV, found {self.pixels!r}")


@dataclass(frozen=True, kw_only=True)
class VideoSetup(CameraSetup):
    """A video file, played as if it were seen now.

    Attributes:
        path: of the file.
        is_loop: begin again at its end; otherwise the camera then counts as unplugged.
    """

    kind: Literal["video"] = "video"
    path: Path
    is_loop: bool = True


@dataclass(frozen=True, kw_only=True)
class PatternSetup(CameraSetup):
    """A moving test pattern, for a machine without cameras."""

    kind: Literal["pattern"] = "pattern"


@dataclass(frozen=True, kw_only=True)
class TwinSetup(CameraSetup):
    """A camera of the scene of `clam twin`.

    Attributes:
        address: HOST:PORT of the twin's side channel, as it prints it.
        view: name of the camera in the scene.
        lens: fx, fy, cx, cy [pixel], k1, k2, p1, p2, k3 as OpenCV counts them; None is the scene's own pinhole.
        noise: standard deviation of a pixel, of 255.
    """

    kind: Literal["twin"] = "twin"
    address: str
    view: str
    lens: tuple[float, float, float, float, float, float, float, float, float] | None = None
    noise: float = 0.0
    fps: float = 10.0
    # A scene that rests gives the same picture.
    health: HealthConfig = field(default_factory=lambda: HealthConfig(frozen_after=None))

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.lens is not None and not (self.lens[0] > 0 and self.lens[1] > 0):
            raise ConfigError(f"lens: expected focal lengths above 0 pixels, found {self.lens[0]} and {self.lens[1]}")
        if not 0 <= self.noise < 100:
            raise ConfigError(f"noise: expected 0 or more and less than 100, found {self.noise}")


AnyCameraSetup = Annotated[
    RealSenseSetup | UsbSetup | VideoSetup | PatternSetup | TwinSetup, Field(discriminator="kind")
]


@dataclass(frozen=True, kw_only=True)
class CamerasConfig(config.Strict):
    """The cameras of a robot.

    Attributes:
        cameras: by the name under which a policy knows them.
        max_age: an older frame is no observation [s].
        open_timeout: longest wait for the first frame of each [s].
    """

    cameras: dict[str, AnyCameraSetup]
    max_age: float = 0.5
    open_timeout: float = 10.0

    def __post_init__(self) -> None:
        if not self.cameras:
            raise ConfigError("cameras: expected at least one table [cameras.NAME], found none")
        for name in self.cameras:
            if not name.isidentifier():
                raise ConfigError(f"cameras: expected names of letters, digits and _, found {name!r}")
        if not self.max_age > 0 or not self.open_timeout > 0:
            raise ConfigError("max_age, open_timeout: expected seconds above 0")


def _require_exposure(exposure: float | None) -> None:
    if exposure is not None and not 0 < exposure < 1:
        raise ConfigError(f"exposure: expected seconds, more than 0 and less than 1, found {exposure}")
