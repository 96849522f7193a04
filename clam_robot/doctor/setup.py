"""What a machine is to be used for."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from clam_robot import config
from clam_robot.errors import ConfigError

Role = Literal["robot", "server", "sim"]
_SERVER, _PAGE, _BENCH, _MASTER = 8000, 8080, 8100, 11311
_PORTS: Mapping[Role, tuple[int, ...]] = {
    "robot": (_SERVER, _PAGE, _MASTER),
    "server": (_SERVER,),
    "sim": (_SERVER, _PAGE, _BENCH, _MASTER),
}


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
        ports: TCP ports that the programs listen on; by default those of the role: server, page, ROS master, and the
            twin's side channel.
    """

    role: Role = "robot"
    port: str = "/dev/ttyDXL"
    num_cameras: int = 1
    data: Path = Path()
    free_gib: float = 20.0
    disk_mb: float = 50.0
    ports: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if self.num_cameras < 0:
            raise ConfigError(f"num_cameras: expected 0 or more, found {self.num_cameras}")

    @property
    def listening(self) -> tuple[int, ...]:
        """The ports to look at."""
        return _PORTS[self.role] if self.ports is None else self.ports
