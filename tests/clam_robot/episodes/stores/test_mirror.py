"""Episodes are copied while others are recorded, by a process that nobody waits for."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clam_robot.episodes import attributes, damage
from clam_robot.episodes.stores.mirror import Mirror
from clam_robot.episodes.stores.opening import finished_episodes, open_store
from clam_robot.errors import StoreUnavailable
from tests.clam_robot.episodes.stores.s3_server import make_bucket, s3_server
from tests.programs import wait_for

PATIENCE = 300.0


@pytest.fixture(params=["folder", "s3"])
def there(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place that other processes see, too."""
    return str(tmp_path / "there") if request.param == "folder" else request.getfixturevalue("s3_url")


def test_each_episode_comes_there_once_it_is_finished(
    there: str, tmp_path: Path, make_spec: Callable[..., Any], record: Callable[..., Path]
) -> None:
    root, spec = tmp_path / "here", make_spec(cameras={"front": (16, 24)})
    with Mirror(root, there) as mirror:
        for number in (1, 2):
            record(root, spec, 20)
            wait_for(lambda: len(mirror.status.copied) >= number, f"episode {number}", within=PATIENCE)  # noqa: B023
        record(root, spec, 20)
        status = mirror.finish()
    assert (len(status.copied), status.waiting, status.failure) == (3, (), "")
    assert len(finished_episodes(open_store(there))) == 3
    for name in finished_episodes(open_store(root)):
        assert not list(damage.find(root / name, attributes.read(root / name)))


def test_an_episode_under_way_is_not_copied(
    tmp_path: Path, make_spec: Callable[..., Any], record: Callable[..., Path]
) -> None:
    root = tmp_path / "here"
    (root / ".episode_000000.partial").mkdir(parents=True)
    with Mirror(root, str(tmp_path / "there")) as mirror:
        assert mirror.finish().copied == ()
    assert not (tmp_path / "there").exists()


def test_it_does_not_begin_where_nobody_answers(tmp_path: Path, s3: dict[str, str]) -> None:
    with (
        pytest.raises(StoreUnavailable, match=r"bucket does not exist.*record without --mirror"),
        Mirror(tmp_path, "s3://nobody/data"),
    ):
        pass


def test_a_store_that_goes_away_costs_nothing_but_the_copy(
    tmp_path: Path, make_spec: Callable[..., Any], record: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "here"
    with s3_server(tmp_path) as environment:
        make_bucket(environment, "lab")
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        mirror = Mirror(root, "s3://lab/data")
        mirror.__enter__()
    try:
        record(root, make_spec(), 20)
        wait_for(lambda: bool(mirror.status.failure), "the failure", within=PATIENCE)
        assert "is there a network" in mirror.status.failure
        assert mirror.missing() == ["episode_000000"]
        assert mirror.finish().waiting == ("episode_000000",)
    finally:
        mirror.close()


def test_its_end_is_told_and_disturbs_nobody(tmp_path: Path) -> None:
    with Mirror(tmp_path / "here", str(tmp_path / "there")) as mirror:
        assert mirror.pid is not None
        os.kill(mirror.pid, 9)
        wait_for(lambda: "ended" in mirror.status.failure, "word of its end", within=PATIENCE)
