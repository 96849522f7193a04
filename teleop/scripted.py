"""A person who does the same every time: motions from a file, for tests, demonstrations and measurements."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clam_robot import config
from clam_robot.errors import ConfigError, DeviceUnavailable
from clam_robot.timing import Clock
from teleop.device import AT_REST, Event, Fingers, GripperCommand, Motion, Twist


@dataclass(frozen=True, kw_only=True)
class ScriptRow(config.Strict):
    """One line of a script.

    Attributes:
        seconds: how long it lasts [s].
        twist: x y z roll pitch yaw as the person sees them, -1 .. 1.
        gripper: "open", "close", "toggle", or an opening 0 closed .. 1 open; once, at its beginning.
        clutch: whether the motion is meant for the robot.
        speed: share of the set speed.
        event: said at its beginning.
    """

    seconds: float = 0.0
    twist: Twist = AT_REST
    gripper: Fingers | float | None = None
    clutch: bool = True
    speed: float = 1.0
    event: Event | None = None

    def __post_init__(self) -> None:
        if not 0.0 <= self.seconds < float("inf"):
            raise ConfigError(f"seconds: expected 0 or more, found {self.seconds}")
        if any(not abs(each) <= 1.0 for each in self.twist):
            raise ConfigError(f"twist: expected six numbers from -1 to 1, found {self.twist}")


def load_script(path: Path) -> tuple[ScriptRow, ...]:
    """Read a script: one JSON object a line; empty lines and those that begin with # are left out.

    Raises:
        ConfigError: the file is missing, or a line is no row; names the line.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise ConfigError(f"no script at {path}; give the path of a JSON lines file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {path}: {error}") from None
    rows: list[ScriptRow] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ConfigError(f"{path}, line {number}: not JSON: {error}") from None
        rows.append(config.from_dict(ScriptRow, row, source=f"{path}, line {number}"))
    if not rows:
        raise ConfigError(f"{path} has no rows; write one JSON object a line, such as {EXAMPLE}")
    return tuple(rows)


EXAMPLE = '{"seconds": 1.0, "twist": [1, 0, 0, 0, 0, 0]}'


class ScriptedDevice:
    """Begins with the first reading, which is at rest; at its end it rests and says `Event.QUIT`.

    Args:
        rows: what is done, one after the other.
        clock: of the readings; on a manual clock a script repeats exactly.
    """

    def __init__(self, rows: Sequence[ScriptRow], clock: Clock) -> None:
        self._rows, self._clock = tuple(rows), clock
        self._is_open = False
        self._begin: float | None = None
        self._num_begun = 0

    def open(self) -> None:
        if not self._is_open:
            self._is_open, self._begin, self._num_begun = True, None, 0

    def close(self) -> None:
        self._is_open = False

    def read(self) -> Motion:
        if not self._is_open:
            raise DeviceUnavailable("the script is not open; call open() first")
        if self._begin is None:
            self._begin = self._clock.now()
            return Motion()
        index, done = self._index(self._clock.now() - self._begin), self._num_begun
        self._num_begun = max(done, index + 1)
        events, gripper = _said(self._rows[done : index + 1])
        if index < len(self._rows):
            row = self._rows[index]
            return Motion(twist=row.twist, clutch=row.clutch, speed=row.speed, gripper=gripper, events=events)
        is_ending = done <= index
        return Motion(gripper=gripper, events=(*events, Event.QUIT) if is_ending else events)

    def _index(self, elapsed: float) -> int:
        """The row that is under way, or how many there are."""
        end = 0.0
        for index, row in enumerate(self._rows):
            end += row.seconds
            if elapsed < end - _EARLY:
                return index
        return len(self._rows)


def _said(rows: Sequence[ScriptRow]) -> tuple[tuple[Event, ...], GripperCommand | None]:
    """Events of rows that begin, and what their gripper commands come to."""
    motion = Motion()
    for row in rows:
        motion = Motion(gripper=row.gripper, events=() if row.event is None else (row.event,)).after(motion)
    return motion.events, motion.gripper


# Sums of control periods on a clock round [s].
_EARLY = 1e-6
