"""A loss of power, simulated: only what was synced stays, of the rest any part may."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from clam_robot.episodes import Episode, EpisodeWriter, repair
from clam_robot.episodes.disk import Disk
from clam_robot.episodes.folders import finished_episodes, partial_episodes
from clam_robot.errors import EpisodeError
from clam_robot.specs import RobotSpec
from clam_robot.types import EpisodeOutcome, EpisodeStart, Step


@dataclass(frozen=True, kw_only=True)
class Order:
    what: str
    path: Path
    content: bytes = b""
    other: Path | None = None


class RememberingDisk(Disk):
    """Does everything, and remembers it in order."""

    def __init__(self) -> None:
        super().__init__()
        self.orders: list[Order] = []

    def make_folder(self, path: Path) -> None:
        super().make_folder(path)
        self.orders.append(Order(what="make", path=path))

    def write(self, path: Path, content: bytes) -> None:
        super().write(path, content)
        self.orders.append(Order(what="write", path=path, content=content))

    def rename(self, old: Path, new: Path) -> None:
        super().rename(old, new)
        self.orders.append(Order(what="rename", path=old, other=new))

    def sync(self, path: Path) -> None:
        super().sync(path)
        self.orders.append(Order(what="sync", path=path))


class Node:
    """A file or folder: what it is, and what of it is on the platter."""

    def __init__(self, content: bytes | None = None) -> None:
        self.content = content
        self.durable_content: bytes | None = None
        self.names: dict[str, Node] = {}
        self.durable_names: dict[str, Node] = {}


class Platter:
    """Plays orders, and says what a loss of power leaves."""

    def __init__(self, root: Path, folder: Path) -> None:
        self._root = root
        self.top = Node()
        self._apply(Order(what="make", path=folder))

    def _node(self, path: Path) -> Node:
        node = self.top
        for name in path.relative_to(self._root).parts:
            node = node.names[name]
        return node

    def play(self, order: Order) -> None:
        self._apply(order)

    def _apply(self, order: Order) -> None:
        match order.what:
            case "make":
                self._node(order.path.parent).names[order.path.name] = Node()
            case "write":
                self._node(order.path.parent).names[order.path.name] = Node(order.content)
            case "rename":
                assert order.other is not None
                moved = self._node(order.path.parent).names.pop(order.path.name)
                self._node(order.other.parent).names[order.other.name] = moved
            case "sync":
                node = self._node(order.path)
                node.durable_content, node.durable_names = node.content, dict(node.names)

    def leave(self, target: Path, rng: np.random.Generator) -> None:
        """Write what is left into a folder: of what was not synced, anything or nothing."""
        self._leave(self.top, target, rng)

    def _leave(self, node: Node, target: Path, rng: np.random.Generator) -> None:
        target.mkdir()
        names = dict(node.durable_names)
        for name in names.keys() | node.names.keys():
            if names.get(name) is not node.names.get(name) and rng.random() < 0.5:
                if name in node.names:
                    names[name] = node.names[name]
                else:
                    del names[name]
        # A file that was renamed is found under one of its names, not under both.
        for name, child in names.items():
            if child.content is None:
                self._leave(child, target / name, rng)
                continue
            content = child.durable_content
            if content is None:
                content = child.content[: rng.integers(len(child.content) + 1)]
            (target / name).write_bytes(content)


@settings(max_examples=15, deadline=None)
@given(length=st.integers(1, 90), seed=st.integers(0, 2**32), where=st.floats(0, 1))
def test_whenever_power_is_lost_a_named_episode_is_whole_and_a_hidden_one_is_repaired_or_known_to_be_empty(
    length: int,
    seed: int,
    where: float,
    make_spec: Callable[..., RobotSpec],
    make_steps: Callable[..., Iterator[Step]],
    make_outcome: Callable[..., EpisodeOutcome],
) -> None:
    rng = np.random.default_rng(seed)
    spec = make_spec(cameras={"wrist": (8, 8)})
    with tempfile.TemporaryDirectory() as name:
        root, left = Path(name, "data"), Path(name, "left")
        disk = RememberingDisk()
        start = EpisodeStart(spec=spec, task="reach", source="teleop")
        writer = EpisodeWriter(root, start, disk=disk, wait_when_full=True, joints=("waist",))
        folder = writer.folder
        for step in make_steps(spec, length):
            writer.append(step)
            writer.append_joints(step.observation.time, np.zeros(1), np.zeros(1), np.zeros(1))
        path = writer.commit(make_outcome())
        orders = disk.orders
        platter = Platter(root, folder)
        stop = round(where * len(orders))
        for order in orders[:stop]:
            platter.play(order)
        platter.leave(left, rng)
        for found in finished_episodes(left):
            episode = Episode(left / found)
            episode.check()
            assert episode.length == length
        if stop == len(orders):
            assert finished_episodes(left) == [path.name]
        for found in partial_episodes(left):
            try:
                done = repair(left / found)
            except EpisodeError:
                continue
            assert done is not None
            episode = Episode(done.path)
            shades = episode.images["wrist"][:].mean(axis=(1, 2, 3))
            assert np.abs(shades - episode.state[:, 0]).max() <= 1
