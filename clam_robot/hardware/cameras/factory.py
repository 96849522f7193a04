"""From a `cameras.toml` to cameras."""

from collections.abc import Callable

from clam_robot.errors import ConfigError
from clam_robot.hardware.cameras.camera import Camera
from clam_robot.hardware.cameras.camera_thread import CameraThread
from clam_robot.hardware.cameras.rig import CameraRig
from clam_robot.hardware.cameras.setup import (
    AnyCameraSetup,
    CamerasConfig,
    PatternSetup,
    RealSenseSetup,
    UsbSetup,
    VideoSetup,
)
from clam_robot.timing import Clock


def make_camera(setup: AnyCameraSetup, clock: Clock) -> Camera:
    """A camera of this machine; libraries are imported for the kinds that need them.

    Raises:
        ModuleNotFoundError: OpenCV or pyrealsense2 is not installed.
        ConfigError: a kind that is not of this machine.
    """
    match setup:
        case RealSenseSetup():
            from clam_robot.hardware.cameras.realsense import RealSense

            return RealSense(setup, clock)
        case UsbSetup():
            from clam_robot.hardware.cameras.usb_camera import UsbCamera

            return UsbCamera(setup, clock)
        case VideoSetup():
            from clam_robot.hardware.cameras.video_file import VideoFile

            return VideoFile(setup, clock)
        case PatternSetup():
            from clam_robot.hardware.cameras.pattern_camera import PatternCamera

            return PatternCamera(setup, clock)
        case _:
            raise ConfigError(f"kind: {setup.kind} is not a camera of this machine")


def make_rig(
    config: CamerasConfig, clock: Clock, make: Callable[[AnyCameraSetup, Clock], Camera] = make_camera
) -> CameraRig:
    """All cameras of a configuration, none of them opened.

    Args:
        config: of them.
        clock: real, the robot's.
        make: makes a camera.
    """
    return CameraRig(
        [CameraThread(name, make(setup, clock), clock, health=setup.health) for name, setup in config.cameras.items()]
    )
