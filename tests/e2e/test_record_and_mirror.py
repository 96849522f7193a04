"""A person records; what is kept comes to an S3 server of this machine while the next episode is recorded."""

from pathlib import Path

import pytest

from clam_robot.cli.main import main
from clam_robot.episodes import folders
from tests.clam_robot.episodes.stores.s3_server import make_bucket, s3_server
from tests.e2e.test_record_by_hand import SLOW, operator

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.xdist_group("arm")]


def test_what_is_kept_is_copied_and_what_is_not_copied_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data, url = tmp_path / "demos", "s3://lab/demos"
    monkeypatch.setenv("CLAM_ROBOT_CACHE", str(tmp_path / "caches"))
    words = ("--robot", "widowx-twin:reach-block", "--out", str(data), "--episodes", "2", *SLOW, "--mirror", url)
    with s3_server(tmp_path) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        make_bucket(environment, "lab")
        with operator(*words) as person:
            person.see("READY", "uncopied 0", "kept 0 of 2")
            person.record()
            person.press(b"y")
            person.see("kept episode_000000", "uncopied 1", "uncopied 0")
            person.record()
            person.press(b"y")
            person.see("kept episode_000001", "copying 1 episode to s3://lab/demos", "2 episodes at s3://lab/demos")
            assert person.leave() == 0
        assert folders.finished_episodes(data) == ["episode_000000", "episode_000001"]
        assert main(["verify", url]) == 0
        assert "verified 2 episodes: no damage" in capsys.readouterr().out
