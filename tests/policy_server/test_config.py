"""Server configuration."""

from typing import Any

import pytest

from clam_robot.errors import ConfigError
from policy_server.config import ServerConfig


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"port": -1}, "port: expected 0 to 65535, found -1"),
        ({"port": 65536}, "port: expected 0 to 65535"),
        ({"max_frame_bytes": 0}, "max_frame_bytes: expected more than 0"),
        ({"infer_timeout": 0.0}, "infer_timeout: expected more than 0"),
        ({"shutdown_timeout": -1.0}, "shutdown_timeout: expected more than 0"),
    ],
)
def test_values_that_make_no_sense_are_refused(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        ServerConfig(**changes)


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.5", False),
        ("gpu-box", False),
        ("localhost.evil.org", False),
    ],
)
def test_loopback_is_told_from_the_network(host: str, is_loopback: bool) -> None:
    assert ServerConfig(host=host).is_loopback is is_loopback
