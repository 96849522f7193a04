"""Where a server is asked, from what a user gives."""

import pytest

from clam_robot.errors import ConfigError
from policy_server.address import address_of


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("ws://127.0.0.1:8000", "ws://127.0.0.1:8000/v1/stream?protocol=1"),
        ("wss://gpu-box/", "wss://gpu-box/v1/stream?protocol=1"),
        ("ws://[::1]:8000/arm/", "ws://[::1]:8000/arm/v1/stream?protocol=1"),
        ("ws://h:1?model=other", "ws://h:1/v1/stream?model=other&protocol=1"),
        ("ws://h:1/?model=gr%C3%BCn&protocol=7", "ws://h:1/v1/stream?model=gr%C3%BCn&protocol=1"),
    ],
)
def test_the_path_goes_before_the_query(url: str, expected: str) -> None:
    assert address_of(url, path="/v1/stream", model=None, protocol="1") == expected


def test_a_model_of_an_argument_counts_before_that_of_the_url() -> None:
    assert address_of("ws://h:1?model=one", model="two & three") == "ws://h:1?model=two+%26+three"
    assert address_of("ws://h:1") == "ws://h:1"


@pytest.mark.parametrize(
    "url",
    ["", "127.0.0.1:8000", "http://h:1", "ws://", "ws://:8000", "ws://h:99999", "ws://h:x", "ws://[::1", "ws://h:0"],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="expected ws://HOST:PORT or wss://HOST:PORT, found"):
        address_of(url)
