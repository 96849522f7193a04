"""Two servers in turn, in one process."""

from pathlib import Path

import pytest

from clam_robot.episodes.stores.copy import copy_episodes
from clam_robot.episodes.stores.opening import open_store
from tests.clam_robot.episodes.stores.s3_server import make_bucket, s3_server


def test_a_url_is_looked_up_at_the_server_that_is_named_now(
    recorded: Path, s3_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(list(copy_episodes(open_store(recorded), open_store(s3_url)))) == 2
    with s3_server(tmp_path) as environment, monkeypatch.context() as other:
        make_bucket(environment, "lab")
        other.setenv("AWS_ENDPOINT_URL", environment["AWS_ENDPOINT_URL"])
        assert open_store(s3_url).look() == {}
    assert len(open_store(s3_url).look()) == 2
