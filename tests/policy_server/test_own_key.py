"""A robot's key is in its environment or in a file, and a file that is not there is named."""

from pathlib import Path

import pytest

from clam_robot.errors import ConfigError
from policy_server.client import RemotePolicy
from policy_server.own_key import FILE, KEY, own_key
from policy_server.stream_client import StreamPolicy


def test_it_is_in_the_environment_or_in_a_file_or_nowhere(tmp_path: Path) -> None:
    file = tmp_path / "api.key"
    file.write_text("of the file\n")
    assert own_key({}) is None and own_key({KEY: "", FILE: ""}) is None
    assert own_key({FILE: str(file)}) == "of the file"
    assert own_key({FILE: str(file), KEY: "of the environment"}) == "of the environment"
    assert own_key({FILE: "/dev/null"}) is None


@pytest.mark.parametrize("damage", ["absent", "folder", "no text"])
def test_a_file_that_cannot_be_read_is_named(damage: str, tmp_path: Path) -> None:
    file = tmp_path / "api.key"
    if damage == "folder":
        file.mkdir()
    elif damage == "no text":
        file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=rf"CLAM_API_KEY_FILE: expected a file .*, found {file}: .*; name another"):
        own_key({FILE: str(file)})


@pytest.mark.parametrize("client", [RemotePolicy, StreamPolicy])
def test_every_client_looks_for_it(
    client: type[RemotePolicy | StreamPolicy], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KEY, raising=False)
    monkeypatch.setenv(FILE, str(tmp_path / "absent"))
    with pytest.raises(ConfigError, match=FILE):
        client("ws://127.0.0.1:9")
