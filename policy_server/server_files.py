"""The files a server is started with, looked at before any slow work."""

import ssl

from clam_robot.errors import ServerError
from policy_server.api_keys import ApiKeys
from policy_server.config import ServerConfig


def require_files(config: ServerConfig) -> None:
    """See that keys, certificate and the folder of checkpoints can be used.

    Raises:
        ConfigError: the file of keys is none.
        ServerError: the certificate, its key or the folder cannot be used.
    """
    if config.keys is not None:
        ApiKeys.read(config.keys)
    if config.checkpoints is not None and not config.checkpoints.is_dir():
        raise ServerError(f"checkpoints: expected a folder, found none at {config.checkpoints}")
    if config.tls_certificate is None or config.tls_key is None:
        return
    for path in (config.tls_certificate, config.tls_key):
        if not path.is_file():
            raise ServerError(f"tls: expected a PEM file, found none at {path}")
    try:
        # An empty password, lest an encrypted key asks for one on a terminal that nobody watches.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(config.tls_certificate, config.tls_key, password="")
    except (OSError, ValueError) as error:
        raise ServerError(
            f"tls: expected a certificate and its key without a password, found {config.tls_certificate} and "
            f"{config.tls_key}: {error}"
        ) from None
