"""What every store promises, and what a copy makes of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clam_robot.episodes import attributes, damage, schema
from clam_robot.episodes.stores.copy import Copied, copy_episodes
from clam_robot.episodes.stores.object_store import ObjectStore
from clam_robot.episodes.stores.opening import finished_episodes, open_store
from clam_robot.episodes.stores.place import Place
from clam_robot.errors import DamagedEpisode, EpisodeError, EpisodeExists, NoEpisodes
from tests.clam_robot.episodes.stores.watched_store import BrokenOffError, WatchedStore

NAMES = ["episode_000000", "episode_000001"]


def copy(source: Place, target: Place, **options: Any) -> list[Copied]:  # noqa: ANN401 (of copy_episodes)
    return list(copy_episodes(open_store(source), open_store(target), **options))


def contents(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and path.name != "index.jsonl"
    }


def test_what_went_there_and_came_back_is_equal_byte_for_byte(recorded: Path, place: Place, tmp_path: Path) -> None:
    assert [each.name for each in copy(recorded, place) if each.error is None] == NAMES
    copy(place, tmp_path / "back")
    assert contents(tmp_path / "back") == contents(recorded)
    for name in NAMES:
        folder = tmp_path / "back" / name
        assert not list(damage.find(folder, attributes.read(folder)))


def test_what_is_there_is_not_copied_again(recorded: Path, place: Place) -> None:
    copy(recorded, place)
    target = WatchedStore(open_store(place))
    again = list(copy_episodes(open_store(recorded), target))
    assert [each.was_there for each in again] == [True] * 2
    assert not target.written


def test_one_episode_can_be_copied(recorded: Path, place: Place) -> None:
    copy(recorded / NAMES[1], place)
    assert list(finished_episodes(open_store(place))) == [NAMES[1]]


def test_another_episode_of_the_same_name_is_left_alone(
    recorded: Path, place: Place, tmp_path: Path, make_spec: Callable[..., Any], record: Callable[..., Path]
) -> None:
    record(tmp_path / "other", make_spec(), 4)
    copy(tmp_path / "other", place)
    found = copy(recorded, place)
    assert [type(each.error) for each in found] == [EpisodeExists, type(None)]
    assert "another episode" in str(found[0].error)
    marker = (tmp_path / "other" / NAMES[0] / schema.METADATA).read_bytes()
    assert open_store(place).read(NAMES[0], schema.METADATA) == marker


@pytest.mark.parametrize("num_files", [0, 7, 10_000])
def test_an_interrupted_copy_counts_for_nobody_and_is_gone_on_with(
    recorded: Path, place: Place, num_files: int, tmp_path: Path
) -> None:
    broken = WatchedStore(open_store(place), breaks_after=num_files)
    with pytest.raises(BrokenOffError):
        list(copy_episodes(open_store(recorded), broken))
    with pytest.raises(NoEpisodes, match="1 whose copy is not finished"):
        finished_episodes(open_store(place))
    target = WatchedStore(open_store(place))
    assert all(each.error is None for each in copy_episodes(open_store(recorded), target))
    assert not set(target.written) & set(broken.written)
    copy(place, tmp_path / "back")
    assert contents(tmp_path / "back") == contents(recorded)


def test_a_file_that_was_spoilt_by_an_interrupted_copy_is_written_again(recorded: Path, place: Place) -> None:
    file = "state/c.0.0"
    broken = WatchedStore(open_store(place), breaks_after=10_000, spoils=file)
    with pytest.raises(BrokenOffError):
        list(copy_episodes(open_store(recorded), broken, reads_back=False))
    copy(recorded, place)
    assert open_store(place).read(NAMES[0], file) == (recorded / NAMES[0] / file).read_bytes()


def test_what_does_not_arrive_as_it_was_sent_makes_no_episode(recorded: Path, place: Place) -> None:
    target = WatchedStore(open_store(place), spoils="state/c.0.0")
    found = list(copy_episodes(open_store(recorded), target))
    assert all(isinstance(each.error, DamagedEpisode) for each in found)
    with pytest.raises(NoEpisodes):
        finished_episodes(open_store(place))


def test_the_place_of_another_copy_is_left_to_it(
    recorded: Path, place: Place, tmp_path: Path, make_spec: Callable[..., Any], record: Callable[..., Path]
) -> None:
    record(tmp_path / "other", make_spec(), 4)
    with pytest.raises(BrokenOffError):
        list(copy_episodes(open_store(tmp_path / "other"), WatchedStore(open_store(place), breaks_after=2)))
    (found, *_) = copy(recorded, place)
    assert isinstance(found.error, EpisodeExists)
    assert "another episode is being copied" in str(found.error)
    assert all(each.error is None for each in copy(tmp_path / "other", place))


def test_two_programs_do_not_copy_one_episode_into_a_folder_at_a_time(recorded: Path, tmp_path: Path) -> None:
    marker = (recorded / NAMES[0] / schema.METADATA).read_bytes()
    first = open_store(tmp_path / "there")
    first.claim(NAMES[0], marker)
    (found, *_) = copy(recorded, tmp_path / "there")
    assert isinstance(found.error, EpisodeError)
    assert "another program copies" in str(found.error)
    first.release()
    assert all(each.error is None for each in copy(recorded, tmp_path / "there"))


def test_files_of_who_knows_whom_are_left_alone(recorded: Path, url: str) -> None:
    ObjectStore(url).write(NAMES[0], "state/c.0.0", b"mine")
    (found, *_) = copy(recorded, url)
    assert isinstance(found.error, EpisodeExists)
    assert open_store(url).read_back(NAMES[0], "state/c.0.0") == b"mine"


def test_a_description_is_never_put_over_another(url: str) -> None:
    store = ObjectStore(url)
    assert store.claim(NAMES[0], b"mine") == b"mine"
    assert ObjectStore(url).claim(NAMES[0], b"yours") == b"mine"
    store.finish(NAMES[0], b"mine")
    ObjectStore(url).claim(NAMES[0], b"yours")
    with pytest.raises(EpisodeExists):
        ObjectStore(url).finish(NAMES[0], b"yours")
    assert store.read(NAMES[0], schema.METADATA) == b"mine"


def test_what_a_copy_has_to_do_is_told_in_bytes(recorded: Path, place: Place) -> None:
    told: list[int] = []
    copy(recorded, place, on_bytes=told.append)
    assert sum(told) == sum(len(content) for content in contents(recorded).values())


def test_a_file_that_vanished_is_named(recorded: Path, place: Place, tmp_path: Path) -> None:
    copy(recorded, place)
    with pytest.raises(DamagedEpisode, match=r"state/c\.9\.0"):
        open_store(place).read(NAMES[0], "state/c.9.0")
