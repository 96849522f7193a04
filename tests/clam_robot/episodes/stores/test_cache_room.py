"""Copies of remote data sets take as much of the disk as they may, and what is read stays."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from clam_robot.episodes.stores import cache_room
from clam_robot.episodes.stores.cache_room import make_room
from clam_robot.episodes.stores.copy import copy_episodes
from clam_robot.episodes.stores.opening import open_store
from clam_robot.episodes.stores.reading import open_dataset
from clam_robot.errors import ConfigError

READ = """
import sys
from pathlib import Path
from clam_robot.episodes.stores.cache_room import hold
hold(Path(sys.argv[1]))
print("reading", flush=True)
sys.stdin.readline()
"""
SIZE = 1000  # of each copy here [bytes]


def copies(folder: Path, *names: str) -> list[Path]:
    """Copies of data sets, the first unused for the longest."""
    homes = [folder / (name * 16) for name in names]
    for age, home in enumerate(reversed(homes)):
        (home / "play/episode_000000").mkdir(parents=True)
        (home / "play/episode_000000/zarr.json").write_bytes(bytes(SIZE - 1))
        (home / "stamps.json").write_bytes(b"{")
        (home / "readers").touch()
        os.utime(home / "readers", (1e9 - age, 1e9 - age))
    return homes


def is_there(home: Path) -> bool:
    assert (home / "stamps.json").exists() == (home / "play").exists()
    return (home / "play").exists()


@contextmanager
def reading(home: Path) -> Iterator[None]:
    """Another program reads a copy."""
    with subprocess.Popen(
        [sys.executable, "-c", READ, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "reading\n"
        try:
            yield
        finally:
            process.kill()


@pytest.fixture
def may_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache_room.SIZE, str(3 * SIZE / 1e9))


@pytest.mark.usefixtures("may_take")
def test_the_longest_unused_goes_first_and_no_more_than_needed(tmp_path: Path) -> None:
    homes = copies(tmp_path, "c", "a", "b")
    make_room(tmp_path, 0)
    assert [is_there(home) for home in homes] == [True, True, True]
    make_room(tmp_path, SIZE + 1)
    assert [is_there(home) for home in homes] == [False, False, True]


@pytest.mark.usefixtures("may_take")
def test_what_a_living_program_reads_stays_and_that_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    homes = copies(tmp_path, "a", "b")
    with reading(homes[0]):
        os.utime(homes[0] / "readers", (1.0, 1.0))
        make_room(tmp_path, 2 * SIZE)
        assert [is_there(home) for home in homes] == [True, False]
        assert not caplog.records
        make_room(tmp_path, 3 * SIZE)
        assert is_there(homes[0])
        assert cache_room.SIZE in caplog.text and "are being read" in caplog.text.replace("\n", " ")
    make_room(tmp_path, 3 * SIZE)  # the program was killed
    assert not is_there(homes[0])


@pytest.mark.usefixtures("may_take")
def test_what_somebody_else_keeps_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis/chapter").write_bytes(bytes(10 * SIZE))
    make_room(tmp_path, 100 * SIZE)
    assert (tmp_path / "thesis/chapter").exists()


@pytest.mark.parametrize("given", ["0", "-1", "nan", "much"])
def test_a_size_that_is_none_is_refused(tmp_path: Path, given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache_room.SIZE, given)
    with pytest.raises(ConfigError, match=f"{cache_room.SIZE}: expected a number of GB above 0, found '{given}'"):
        make_room(tmp_path, 0)


def test_fetching_makes_room_and_keeps_what_it_fetches(
    recorded: Path, memory_url: str, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert all(each.error is None for each in copy_episodes(open_store(recorded), open_store(memory_url)))
    cache.mkdir(parents=True, exist_ok=True)
    (old,) = copies(cache, "a")
    monkeypatch.setenv(cache_room.SIZE, str(SIZE / 1e9))  # less than the data set
    for episode in open_dataset(memory_url):
        episode.check()
    assert not is_there(old)
    (old,) = copies(cache, "b")
    open_dataset(memory_url)  # nothing to fetch, no room to make
    assert is_there(old)
