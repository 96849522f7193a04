"""The data sets that cells learn from: recorded once, shared by all of them."""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from clam_robot import config
from clam_robot.timing import ManualClock
from sim.collect import FIRST_SEED, CollectConfig, Collected, complete
from sim.registry import make_robot
from sim.rollouts import run_rollouts
from sim.sources import make_source

_FULL_SCORE_EPISODES = 20


@dataclass(frozen=True, kw_only=True)
class DataConfig(config.Strict):
    """A data set.

    Attributes:
        collect: what to record.
        episodes: how many.
    """

    collect: CollectConfig = field(default_factory=CollectConfig)
    episodes: int


def folder_of(root: Path, data: DataConfig) -> Path:
    """Where a data set lies; sets that differ only in size share a folder."""
    content = json.dumps(config.to_dict(data.collect), sort_keys=True)
    digest = hashlib.sha256(content.encode()).hexdigest()[:6]
    return root / "data" / f"{data.collect.robot.replace(':', '-')}-{data.collect.source}-{digest}"


def largest(wanted: Iterable[DataConfig]) -> list[DataConfig]:
    """One of each kind, as large as the largest that is asked for."""
    kinds: dict[CollectConfig, DataConfig] = {}
    for data in wanted:
        there = kinds.get(data.collect)
        if there is None or there.episodes < data.episodes:
            kinds[data.collect] = data
    return list(kinds.values())


def record(
    root: Path, data: DataConfig, *, workers: int, on_progress: Callable[[Collected], None] = lambda progress: None
) -> int:
    """Record what is missing; returns how many episodes that were."""
    return complete(data.collect, folder_of(root, data), data.episodes, workers=workers, on_progress=on_progress)


def full_score(root: Path, robot: str) -> float:
    """The return that counts as 1: the mean of the expert's own episodes; 0 where the world judges success instead."""
    if robot.startswith("metaworld:"):
        return 0.0
    path = root / "data" / f"{robot.replace(':', '-')}-full-score.json"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"full_score": expert_return(robot)}))
    return float(json.loads(path.read_text())["full_score"])


def expert_return(robot_name: str) -> float:
    """Mean return of the noiseless expert on the scenes that policies are judged on."""
    clock = ManualClock()
    robot = make_robot(robot_name, clock)
    robot.connect()
    try:
        expert = make_source("expert", robot, noise=0.0, seed=0).policy
        first = FIRST_SEED["evaluation"]
        outcomes = run_rollouts(robot, expert, clock, range(first, first + _FULL_SCORE_EPISODES))
    finally:
        robot.disconnect()
    return sum(outcome.episode_return or 0.0 for outcome in outcomes) / len(outcomes)
