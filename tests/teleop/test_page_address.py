"""Addresses and certificates of pages."""

from pathlib import Path

import pytest
import trustme

from clam_robot.errors import ConfigError
from teleop.page_address import TlsFiles, parse_address


@pytest.mark.parametrize("text", ["", "8080", "host:", ":8080", "127.0.0.1:http", "127.0.0.1:70000"])
def test_addresses_that_are_none(text: str) -> None:
    with pytest.raises(ConfigError, match="HOST:PORT"):
        parse_address(text)


def test_addresses() -> None:
    assert parse_address("127.0.0.1:8080") == ("127.0.0.1", 8080)
    assert parse_address("[::1]:0") == ("::1", 0)


def test_certificates_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    with pytest.raises(ConfigError, match=r"cert\.pem.*No such file"):
        TlsFiles(certificate=certificate, key=key).require_usable()
    authority = trustme.CA()
    authority.issue_cert("127.0.0.1").cert_chain_pems[0].write_to_path(str(certificate))
    authority.issue_cert("127.0.0.1").private_key_pem.write_to_path(str(key))
    with pytest.raises(ConfigError, match="of one pair"):
        TlsFiles(certificate=certificate, key=key).require_usable()
