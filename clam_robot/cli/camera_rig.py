"""The cameras of a configuration: this machine's, and those of a twin."""

from clam_robot.errors import UnknownRobot
from clam_robot.hardware.cameras.camera import Camera
from clam_robot.hardware.cameras.factory import make_camera, make_rig
from clam_robot.hardware.cameras.rig import CameraRig
from clam_robot.hardware.cameras.setup import AnyCameraSetup, CamerasConfig, TwinSetup
from clam_robot.timing import Clock


def rig_of(config: CamerasConfig, clock: Clock) -> CameraRig:
    """All cameras of a configuration, none of them opened.

    Raises:
        ModuleNotFoundError: a library that one of them needs is not installed.
        ConfigError: an address is none.
    """
    return make_rig(config, clock, _make)


def camera_of(config: CamerasConfig, name: str, clock: Clock) -> Camera:
    """One camera of a configuration, not opened.

    Raises:
        UnknownRobot: there is none of this name; lists those there are.
        ModuleNotFoundError: a library that it needs is not installed.
    """
    if name not in config.cameras:
        raise UnknownRobot(f"no camera {name!r} in the configuration; there are {', '.join(config.cameras)}")
    return _make(config.cameras[name], clock)


def _make(setup: AnyCameraSetup, clock: Clock) -> Camera:
    if isinstance(setup, TwinSetup):
        from sim.widowx.twin_camera import TwinCamera

        return TwinCamera(setup, clock)
    return make_camera(setup, clock)
