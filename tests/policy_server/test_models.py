"""Models are exchanged while robots ask, or stay as they are."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from clam_robot.errors import CheckpointError, ServerError
from clam_robot.specs import CameraSpec, RobotSpec
from clam_robot.testing.fakes import FakePolicy, fake_spec
from policy_server.config import ServerConfig
from policy_server.models import Models
from policy_server.refusals import Refused
from policy_server.served_model import ModelSource, OneByOne


def source(name: str, spec: RobotSpec | None = None, value: float = 0.0) -> ModelSource:
    def act(_: np.ndarray) -> np.ndarray:
        return np.full(3, value, np.float32)

    return ModelSource(policy=name, group=OneByOne(lambda: FakePolicy(spec, act)), checkpoint=name)


ROBOTS = {
    "camera": fake_spec({"front": CameraSpec(height=4, width=4)}),
    "rate": fake_spec(control_hz=20.0),
    "name": replace(fake_spec(), name="fake:push"),
}


def load(folder: Path) -> ModelSource:
    """The checkpoints of the tests: the name says what is wrong with them."""
    match folder.name:
        case "damaged":
            raise CheckpointError(f"checkpoint {folder}: expected weights, found none")
        case "nan":
            return source(folder.name, value=np.nan)
        case name if name in ROBOTS:
            return source(name, ROBOTS[name])
        case name:
            return source(name)


Asked = Callable[[str], str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Checkpoints, and beside them what is none of the server's business."""
    root = tmp_path / "checkpoints"
    for name in ("good", "deep/good", "damaged", "nan", *ROBOTS):
        (root / name).mkdir(parents=True)
    (root / "file").write_text("")
    (tmp_path / "secret").mkdir()
    (tmp_path / "checkpoints-of-others").mkdir()
    (root / "link").symlink_to(tmp_path / "secret")
    (root / "inside").symlink_to(root / "good")
    return root


def models(folder: Path | None) -> Models:
    return Models({"a": source("old"), "b": source("other")}, ServerConfig(checkpoints=folder), load)


def replaced(served: Models, checkpoint: str, name: str | None = None) -> Refused:
    """The refusal of an exchange, after which everything is as it was."""
    before = {name: served.get(name) for name in served.names}
    with pytest.raises(Refused) as caught:
        asyncio.run(served.replace(name, checkpoint))
    assert {name: served.get(name) for name in served.names} == before
    return caught.value


@pytest.mark.parametrize("checkpoint", ["good", "deep/good", "./good", "deep/../good", "inside"])
def test_a_checkpoint_below_the_folder_is_served_from_now_on(folder: Path, checkpoint: str) -> None:
    served = models(folder)
    asyncio.run(served.replace(None, checkpoint))
    assert served.get().info.policy == "good"
    assert served.get("b").info.policy == "other"
    assert served.names == ("a", "b")


def test_a_model_is_replaced_by_name(folder: Path) -> None:
    served = models(folder)
    asyncio.run(served.replace("b", "good"))
    assert [served.get(name).info.policy for name in served.names] == ["old", "good"]


@pytest.mark.parametrize(
    "checkpoint",
    ["../secret", "link", "link/..", "..", ".", "", "none", "file", "../checkpoints-of-others", "a\0b", "x" * 5000],
)
def test_nothing_outside_the_folder_is_looked_at(folder: Path, checkpoint: str) -> None:
    found = replaced(models(folder), checkpoint)
    assert found.code == "not_found"
    assert str(found) == "checkpoint: expected a folder below the server's --checkpoints, found none there"


def test_an_absolute_path_is_looked_at_no_more(folder: Path) -> None:
    for path in (folder.parent / "secret", Path("/")):
        assert replaced(models(folder), str(path)).code == "not_found"


@pytest.mark.parametrize(
    ("checkpoint", "complaint"),
    [
        ("damaged", "checkpoint: checkpoint damaged: expected weights, found none; the old one is still served"),
        ("nan", "policy nan: expected an answer to a blank observation"),
        ("camera", "expected one for fake:reach, found camera front: "),
        ("rate", "found control_hz: needs 20.0, finds 10.0; the old one is still served"),
        ("name", "expected one for fake:reach, found it is for fake:push"),
    ],
)
def test_a_checkpoint_that_cannot_be_served_leaves_the_old_one(folder: Path, checkpoint: str, complaint: str) -> None:
    found = replaced(models(folder), checkpoint)
    assert found.code == "invalid_request"
    assert complaint in str(found)
    assert str(folder.parent) not in str(found)


def test_a_model_that_is_not_there_is_not_replaced(folder: Path) -> None:
    found = replaced(models(folder), "good", "c")
    assert (found.code, str(found)) == ("not_found", "model: expected one of a, b, found 'c'")


def test_a_server_without_a_folder_or_a_loader_loads_nothing(folder: Path) -> None:
    assert replaced(models(None), "good").code == "forbidden"
    assert replaced(Models({"a": source("old")}, ServerConfig(checkpoints=folder)), "good").code == "forbidden"


def test_exchanges_come_one_after_the_other(folder: Path) -> None:
    running: list[int] = []
    most: list[int] = []

    def count(path: Path) -> ModelSource:
        running.append(1)
        most.append(len(running))
        found = load(path)
        running.pop()
        return found

    served = Models({"a": source("old")}, ServerConfig(checkpoints=folder), count)

    async def run() -> None:
        await asyncio.gather(*(served.replace(None, "good") for _ in range(4)))

    asyncio.run(run())
    assert most == [1, 1, 1, 1]


def test_a_server_of_no_models_is_none() -> None:
    with pytest.raises(ServerError, match="expected at least one model to serve, found none"):
        Models({}, ServerConfig())
