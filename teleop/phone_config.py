"""How a phone or tablet drives a robot."""

from dataclasses import dataclass
from pathlib import Path

from clam_robot import config
from clam_robot.errors import ConfigError
from teleop.page_address import TlsFiles, parse_address


@dataclass(frozen=True, kw_only=True)
class PhoneConfig(config.Strict):
    """Where the page is, and how it is listened to.

    Attributes:
        address: HOST:PORT that it is served on; 0.0.0.0:8090 for phones in the same network.
        max_age: oldest that what the phone says may be, there and back, to move anything [s].
        rise: time in which a motion grows from rest to full [s]; it ends at once.
        full_speed: of a tracked controller or phone, which counts as full deflection [m/s].
        full_turn: likewise of its turning [rad/s].
        tls_certificate: PEM file; with it the page is served over TLS, which browsers ask for before they track poses.
        tls_key: PEM file of its key.
        key: that the page's address must carry; a new one for every run by default.
    """

    address: str = "127.0.0.1:8090"
    max_age: float = 0.25
    rise: float = 0.2
    full_speed: float = 0.3
    full_turn: float = 1.5
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    key: str | None = None

    def __post_init__(self) -> None:
        parse_address(self.address)
        if not 0.05 <= self.max_age <= 1.0:
            raise ConfigError(f"max_age: expected 0.05 to 1 s, found {self.max_age}")
        if not 0.0 <= self.rise <= 2.0:
            raise ConfigError(f"rise: expected 0 to 2 s, found {self.rise}")
        for name in ("full_speed", "full_turn"):
            if not 0.01 <= getattr(self, name) <= 100.0:
                raise ConfigError(f"{name}: expected 0.01 to 100, found {getattr(self, name)}")
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ConfigError("tls_certificate and tls_key: expected both or neither, found one")
        if self.key is not None and len(self.key) < 8:
            raise ConfigError("key: expected at least 8 characters, or none for a new one")

    @property
    def tls(self) -> TlsFiles | None:
        """The certificate and its key; None without."""
        if self.tls_certificate is None or self.tls_key is None:
            return None
        return TlsFiles(certificate=self.tls_certificate, key=self.tls_key)
