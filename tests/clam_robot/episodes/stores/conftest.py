import dataclasses
import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import fsspec
import pytest

from clam_robot.episodes.stores.cache import FOLDER
from clam_robot.episodes.stores.place import Place
from tests.clam_robot.episodes.stores.s3_server import make_bucket, s3_server

_numbers = count()


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What is in the environment where S3 is a server of this machine with a bucket named lab."""
    home = tmp_path_factory.mktemp("s3")
    with s3_server(home) as environment:
        make_bucket(environment, "lab")
        before = {name: os.environ.get(name) for name in environment}
        os.environ |= environment
        try:
            yield environment
        finally:
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})


@pytest.fixture(params=["folder", "memory", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Where nothing is yet."""
    if request.param == "folder":
        return tmp_path / "there"
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture(params=["memory", "s3"])
def url(request: pytest.FixtureRequest) -> str:
    """A URL at which nothing is yet."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture
def memory_url() -> Iterator[str]:
    yield f"memory://lab/{next(_numbers)}/there"
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]


@pytest.fixture
def s3_url(s3: dict[str, str]) -> str:
    return f"s3://lab/{os.getpid()}_{next(_numbers)}/there"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of all caches."""
    folder = tmp_path / "caches"
    monkeypatch.setenv(FOLDER, str(folder))
    return folder


@pytest.fixture
def recorded(tmp_path: Path, make_spec: Callable[..., Any], record: Callable[..., Path]) -> Path:
    """A data set of two episodes with two cameras."""
    root = tmp_path / "here"
    spec = make_spec(cameras={"front": (16, 24), "front_left": (16, 24)})
    action = dataclasses.replace(spec.action, low=(-10.0, -10.0), high=(50.0, 50.0))
    spec = dataclasses.replace(spec, action=action)
    for length in (40, 7):
        record(root, spec, length)
    return root
