"""What is running, in a file that outlives whoever started it."""

import json
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from clam_robot import config
from clam_robot.deployment.damaged_state import what_to_do
from clam_robot.deployment.process_id import ProcessId
from clam_robot.errors import ConfigError

_FILE = "state.json"


class Phase(StrEnum):
    """What a program is doing."""

    WAITING = "waiting"  # for those it needs, or until it is tried again
    STARTING = "starting"
    READY = "ready"


@dataclass(frozen=True, kw_only=True)
class ProgramState(config.Strict):
    """One program.

    Attributes:
        phase: what it is doing.
        address: where it is reached, for people.
        process: its newest; None before the first.
        num_starts: how often it was started.
    """

    phase: Phase
    address: str
    process: ProcessId | None = None
    num_starts: int = 0


@dataclass(frozen=True, kw_only=True)
class State(config.Strict):
    """Everything that was started from a folder.

    Attributes:
        keeper: who starts and ends the others.
        programs: by name, in the order of their start.
    """

    keeper: ProcessId
    programs: dict[str, ProgramState] = field(default_factory=dict[str, ProgramState])

    @property
    def is_ready(self) -> bool:
        """Whether every program is."""
        return bool(self.programs) and all(each.phase is Phase.READY for each in self.programs.values())

    @property
    def processes(self) -> list[ProcessId]:
        """Of all programs, the last started first."""
        return [each.process for each in reversed(self.programs.values()) if each.process is not None]


def read_state(folder: Path) -> State | None:
    """What a folder says; None where nothing was started from it.

    Raises:
        ConfigError: the file is damaged; says which of the processes it names are left, and how to end them.
    """
    path = folder / _FILE
    if not path.exists():
        return None
    try:
        return config.load(State, path)
    except ConfigError as error:
        raise ConfigError(f"{error}; {what_to_do(path)}") from None


def write_state(folder: Path, state: State) -> None:
    """Replace what the folder says, at once."""
    new = folder / f"{_FILE}.new"
    new.write_text(json.dumps(config.to_dict(state), indent=1))
    new.replace(folder / _FILE)


def forget_state(folder: Path) -> None:
    """Nothing is running any more."""
    (folder / _FILE).unlink(missing_ok=True)
