"""How a policy server is run."""

import ipaddress
from dataclasses import dataclass

from clam_robot import config
from clam_robot.errors import ConfigError

MIB = 2**20


@dataclass(frozen=True, kw_only=True)
class ServerConfig(config.Strict):
    """How a policy server is run.

    Attributes:
        host: address to listen on; a loopback one, as the server cannot tell one caller from another.
        port: port to listen on; 0 takes a free one.
        max_frame_bytes: largest frame that is read. Ten raw 1080p images fit in 64 MiB; uvicorn's own limit of
            16 MiB is too small for several cameras.
        infer_timeout: longest a request may take before it is given up [s].
        shutdown_timeout: longest wait for running requests when the server stops [s].
    """

    host: str = "127.0.0.1"
    port: int = 8000
    max_frame_bytes: int = 64 * MIB
    infer_timeout: float = 30.0
    shutdown_timeout: float = 3.0

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ConfigError(f"port: expected 0 to 65535, found {self.port}")
        for name in ("max_frame_bytes", "infer_timeout", "shutdown_timeout"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name}: expected more than 0, found {getattr(self, name)}")

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach `host`."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"
