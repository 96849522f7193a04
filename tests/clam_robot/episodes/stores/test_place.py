"""Paths and URLs are told apart."""

from pathlib import Path

import pytest

from clam_robot.episodes.stores.place import folder_of, is_url, name_of, require_folder
from clam_robot.errors import ConfigError


@pytest.mark.parametrize("url", ["s3://bucket/data", "gs://bucket/data/", "simplecache::s3://bucket/data"])
def test_a_url_is_elsewhere(url: str) -> None:
    assert is_url(url)
    assert name_of(url) == "data"


@pytest.mark.parametrize("path", ["data/play", "/data/play", "./a:b/play", "file:///data/play", Path("/data/play")])
def test_a_path_is_here(path: str | Path) -> None:
    assert not is_url(path)
    assert name_of(path) == "play"


def test_a_url_of_this_machine_is_its_folder() -> None:
    assert folder_of("file:///data/my%20play") == Path("/data/my play")


def test_what_is_written_is_not_written_to_a_url(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"--out: expected a folder of this machine, found the URL s3://lab/x; .*copy"
    ):
        require_folder(Path("s3://lab/x"), "--out")
    assert require_folder(tmp_path / "new", "--out") == tmp_path / "new"
