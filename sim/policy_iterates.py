"""What a random search keeps of a task: policies from aimless to good, in one small JSON file.

The files of `sim/policies` ship with the package, so that nobody needs to repeat a search; `clam search --task TASK`
writes one.
"""

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from clam_robot import config
from clam_robot.errors import ConfigError, UnknownRobot
from sim.linear_policy import LinearPolicy
from sim.names import require_known
from sim.search_config import SearchConfig

_FOLDER = "policies"


@dataclass(frozen=True, kw_only=True)
class Iterate(config.Strict):
    """A policy the search passed through.

    Attributes:
        generation: of the search.
        mean_return: over full episodes of scenes the search never saw.
        return_std: standard deviation over them.
        policy: the policy.
    """

    generation: int
    mean_return: float
    return_std: float
    policy: LinearPolicy


@dataclass(frozen=True, kw_only=True)
class PolicyIterates(config.Strict):
    """The iterates of one task, by rising return.

    Attributes:
        search: the search that found them.
        control_hz: control periods per second the policies act at.
        iterates: at least one.
    """

    search: SearchConfig
    control_hz: float
    iterates: tuple[Iterate, ...]

    def __post_init__(self) -> None:
        returns = [iterate.mean_return for iterate in self.iterates]
        if not returns or returns != sorted(returns):
            raise ConfigError(f"iterates must stand by rising return and be at least one, found returns {returns}")

    @property
    def best(self) -> Iterate:
        """The expert."""
        return self.iterates[-1]

    def below(self, share: float) -> tuple[Iterate, ...]:
        """Those whose return is at most this share of the best one's."""
        return tuple(iterate for iterate in self.iterates if iterate.mean_return <= share * self.best.mean_return)


def shipped_tasks() -> tuple[str, ...]:
    """Tasks of the DeepMind Control Suite whose policies ship with the package."""
    folder = files("sim") / _FOLDER
    names = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
    return tuple(sorted(name.removesuffix(".json") for name in names if name.endswith(".json")))


def load_shipped(task: str) -> PolicyIterates:
    """The shipped policies of a task, "cheetah-run".

    Raises:
        UnknownRobot: none ship for it; names the tasks that have some and the command that finds others.
    """
    try:
        require_known(task, shipped_tasks(), what="task with policies")
    except UnknownRobot as error:
        command = f"clam search --task {task} --out sim/policies/{task}.json"
        raise UnknownRobot(f"{error}; find policies for it with `{command}`") from None
    entry = files("sim") / _FOLDER / f"{task}.json"
    return config.from_dict(PolicyIterates, json.loads(entry.read_text(encoding="utf-8")), source=entry.name)


def save_iterates(path: Path, found: PolicyIterates) -> None:
    """Write a file `load_shipped` reads, by rename."""
    text = json.dumps(config.to_dict(found))
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    # A row of numbers per line: small, and still readable in a diff.
    partial.write_text(
        text.replace("], [", "],\n[").replace('{"generation"', '\n{"generation"') + "\n", encoding="utf-8"
    )
    partial.replace(path)
