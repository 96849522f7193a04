"""How a policy server is run."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from clam_robot import config
from clam_robot.errors import ConfigError

MIB = 2**20

_POSITIVE = (
    "max_frame_bytes",
    "infer_timeout",
    "send_timeout",
    "shutdown_timeout",
    "max_sessions",
    "max_rate",
    "session_ttl",
    "max_batch",
)


@dataclass(frozen=True, kw_only=True)
class ServerConfig(config.Strict):
    """How a policy server is run.

    Attributes:
        host: address to listen on; beyond loopback only with keys.
        port: port to listen on; 0 takes a free one.
        max_frame_bytes: largest frame that is read. Ten raw 1080p images fit in 64 MiB; uvicorn's own limit of
            16 MiB is too small for several cameras.
        infer_timeout: longest a request may take before it is given up, and longest wait for all of its body [s].
        send_timeout: longest wait for a client that does not read, or that connects and says nothing [s].
        shutdown_timeout: longest wait for running requests when the server stops [s].
        max_sessions: most robots at a time: connections, and requests over HTTP in progress.
        max_rate: most requests of one robot [1/s]; WebSockets are slowed to it, HTTP is refused above it.
        session_ttl: a session over HTTP that is not used for this long is forgotten [s].
        max_batch: most robots answered by one pass of a model.
        batch_wait: how long the first robot of a pass waits for others [s].
        keys: file of `clam keys`: who may use the server; None lets whoever reaches it.
        checkpoints: folder below which `POST /v1/load` finds checkpoints; None loads none.
        tls_certificate: PEM file; with it the server speaks TLS (wss, https).
        tls_key: PEM file of its key.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    max_frame_bytes: int = 64 * MIB
    infer_timeout: float = 30.0
    send_timeout: float = 10.0
    shutdown_timeout: float = 3.0
    max_sessions: int = 64
    max_rate: float = 2000.0
    session_ttl: float = 600.0
    max_batch: int = 16
    batch_wait: float = 0.0
    keys: Path | None = None
    checkpoints: Path | None = None
    tls_certificate: Path | None = None
    tls_key: Path | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ConfigError(f"port: expected 0 to 65535, found {self.port}")
        for name in _POSITIVE:
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name}: expected more than 0, found {getattr(self, name)}")
        if not self.batch_wait >= 0:
            raise ConfigError(f"batch_wait: expected 0 or more, found {self.batch_wait}")
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ConfigError("tls_certificate and tls_key: expected both or neither, found one")

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach `host`."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"
