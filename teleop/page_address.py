"""Where a page is served, and with what."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from clam_robot.errors import ConfigError


def parse_address(text: str) -> tuple[str, int]:
    """HOST:PORT.

    Raises:
        ConfigError: it is something else.
    """
    host, colon, port = text.rpartition(":")
    if not (host and colon and port.isdigit() and int(port) < 2**16):
        raise ConfigError(f"expected HOST:PORT such as 127.0.0.1:8080, found {text!r}")
    return host.strip("[]"), int(port)


@dataclass(frozen=True, kw_only=True)
class TlsFiles:
    """What a page is served over TLS with.

    Attributes:
        certificate: PEM file, with those that signed it.
        key: PEM file of its key.
    """

    certificate: Path
    key: Path

    def require_usable(self) -> None:
        """Try them.

        Raises:
            ConfigError: one is missing or unreadable, or they do not belong together.
        """
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.certificate, self.key)
        except OSError as error:
            raise ConfigError(
                f"cannot serve with the certificate {self.certificate} and the key {self.key}: {error.strerror}; "
                "give a PEM file each, of one pair"
            ) from None
