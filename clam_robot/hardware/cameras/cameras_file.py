"""Reads `cameras.toml`, and shows to whom has none what stands in one."""

from pathlib import Path

from clam_robot import config
from clam_robot.errors import ConfigError
from clam_robot.hardware.cameras.setup import CamerasConfig

EXAMPLE = """\
[cameras.wrist]
kind = "realsense"
serial = "123622270224"  # `clam cameras` lists it; without, the only one there is
width = 640
height = 480
fps = 30

[cameras.table]
kind = "usb"
path = "/dev/v4l/by-id/usb-046d_HD_Pro_Webcam_C920_1F9A2B3C-video-index0"

[cameras.over_shoulder]
kind = "twin"
address = "127.0.0.1:40123"  # the side channel that `clam twin` prints
view = "over_shoulder"  # or "wrist"
lens = [601.0, 598.0, 322.0, 238.0, 0.05, -0.1, 0.0, 0.0, 0.0]  # fx, fy, cx, cy, k1, k2, p1, p2, k3
noise = 2.0
"""


def load_cameras(path: Path) -> CamerasConfig:
    """The cameras of a robot.

    Raises:
        ConfigError: the file is missing, empty or does not fit; shows an example where there is nothing to mend.
    """
    if not path.is_file() or not path.read_text(encoding="utf-8", errors="replace").strip():
        found = "an empty one" if path.is_file() else "none"
        raise ConfigError(
            f"{path}: expected a file with the robot's cameras, found {found}; write one with those of these that you "
            f"have, by the names you give them:\n\n{EXAMPLE}"
        )
    return config.load(CamerasConfig, path)
