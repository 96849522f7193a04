"""Files that cannot be used are named before any slow work."""

import re
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from clam_robot.errors import ConfigError, ServerError
from policy_server.config import ServerConfig
from policy_server.listener import listen


@pytest.fixture
def pem(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate and its key."""
    issued = trustme.CA().issue_cert("127.0.0.1")
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    issued.cert_chain_pems[0].write_to_path(str(certificate))
    issued.private_key_pem.write_to_path(str(key))
    return certificate, key


def test_a_server_listens_with_a_certificate_and_its_key(pem: tuple[Path, Path], tmp_path: Path) -> None:
    certificate, key = pem
    listen(ServerConfig(port=0, tls_certificate=certificate, tls_key=key, checkpoints=tmp_path)).close()


def test_a_certificate_that_is_none_is_named(pem: tuple[Path, Path], tmp_path: Path) -> None:
    certificate, key = pem
    with pytest.raises(ServerError, match=re.escape(f"tls: expected a PEM file, found none at {tmp_path / 'no.pem'}")):
        listen(ServerConfig(port=0, tls_certificate=tmp_path / "no.pem", tls_key=key))
    with pytest.raises(ServerError, match=f"expected a certificate and its key without a password, found {key}"):
        listen(ServerConfig(port=0, tls_certificate=key, tls_key=certificate))


def test_a_key_with_a_password_is_refused_without_asking_for_it(pem: tuple[Path, Path]) -> None:
    certificate, key = pem
    private = serialization.load_pem_private_key(key.read_bytes(), None)
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    with pytest.raises(ServerError, match="its key without a password"):
        listen(ServerConfig(port=0, tls_certificate=certificate, tls_key=key))


def test_keys_and_checkpoints_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"keys: no file .*keys.json; make one with `clam keys add"):
        listen(ServerConfig(port=0, keys=tmp_path / "keys.json"))
    with pytest.raises(ServerError, match="checkpoints: expected a folder, found none at"):
        listen(ServerConfig(port=0, checkpoints=tmp_path / "none"))
