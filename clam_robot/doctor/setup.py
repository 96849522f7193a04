"""What a machine is to be used for."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from clam_robot import config
from clam_robot.errors import ConfigError

Role = Literal["robot", "server", "sim"]


@dataclass(frozen=True, kw_only=True)
class DoctorConfig(config.Strict):
    """What a machine is to be used for.

    Attributes:
        role: robot: arm, cameras and ROS; server: policies and training; sim: everything without hardware.
        port: serial port of the servos.
        num_cameras: how many cameras there must be.
        data: folder that episodes and checkpoints are written to.
        free_gib: least free space there [GiB]. An hour of two JPEG cameras at 10 Hz takes about 4.
        disk_mb: least speed of the disk [MB/s].
        ports: TCP ports that the programs listen on: server, page, ROS master.
    """

    role: Role = "robot"
    port: str = "/dev/ttyDXL"
    num_cameras: int = 1
    data: Path = Path()
    free_gib: float = 20.0
    disk_mb: float = 50.0
    ports: tuple[int, ...] = field(default=(8000, 8080, 11311))

    def __post_init__(self) -> None:
        if self.num_cameras < 0:
            raise ConfigError(f"num_cameras: expected 0 or more, found {self.num_cameras}")
