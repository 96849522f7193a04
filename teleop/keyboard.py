"""The keyboard of a terminal, over SSH too.

A terminal tells that a key was pressed and never that it was let go; a key that is held repeats, after a first pause.
So a key moves the robot for a moment, and a repeated one until its repeats end. Only the key pressed last repeats.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from clam_robot import config
from clam_robot.errors import ConfigError, DeviceUnavailable
from clam_robot.timing import Clock
from teleop.device import AT_REST, Event, Fingers, GripperCommand, Motion, Twist, silent
from teleop.terminal_keys import TerminalKeys

# Axis of the twist and direction.
AXES: dict[str, tuple[int, float]] = {
    "w": (0, 1.0),
    "s": (0, -1.0),
    "up": (0, 1.0),
    "down": (0, -1.0),
    "a": (1, 1.0),
    "d": (1, -1.0),
    "left": (1, 1.0),
    "right": (1, -1.0),
    "e": (2, 1.0),
    "q": (2, -1.0),
    "page up": (2, 1.0),
    "page down": (2, -1.0),
    "o": (3, 1.0),
    "u": (3, -1.0),
    "i": (4, 1.0),
    "k": (4, -1.0),
    "j": (5, 1.0),
    "l": (5, -1.0),
}
FINGERS = {"g": Fingers.TOGGLE, "[": Fingers.CLOSE, "]": Fingers.OPEN}
EVENTS = {
    " ": Event.STOP,
    "enter": Event.START,
    "v": Event.KEEP,
    "backspace": Event.DISCARD,
    "n": Event.REDO,
    "y": Event.SUCCESS,
    "x": Event.FAILURE,
}
FASTER, SLOWER = ("+", "="), ("-", "_")
SPEEDS = (0.1, 0.25, 0.5, 1.0)
HELP = (
    "w/s forwards/back  a/d left/right  e/q up/down  u/o roll  i/k pitch  j/l yaw  g gripper  -/+ speed  "
    "any other key, such as the space bar, stops"
)


@dataclass(frozen=True, kw_only=True)
class KeyboardConfig(config.Strict):
    """How long a key counts.

    Attributes:
        tap: after a single press [s]; longer than a control period, or presses get lost.
        hold: after a repeat [s]; longer than the time between two repeats, with what a network adds.
        repeats_within: a key pressed again this soon is held [s].
        again_after: a key that says something once must be left alone this long to say it again [s]; longer than the
            pause before repeats begin.
    """

    tap: float = 0.15
    hold: float = 0.15
    repeats_within: float = 0.12
    again_after: float = 0.7

    def __post_init__(self) -> None:
        for name in ("tap", "hold", "repeats_within", "again_after"):
            if not 0.0 < getattr(self, name) <= 1.0:
                raise ConfigError(f"{name}: expected above 0 and at most 1 s, found {getattr(self, name)}")


class KeyboardDevice:
    """A `TeleopDevice` and a `KeyListener`: keys that mean nothing to it go to whoever listens behind it.

    Letters count with or without shift. Fingers and events are said once however long their key is held.

    Args:
        keys: of the terminal.
        clock: of the presses.
        setup: how long a key counts.
    """

    def __init__(self, keys: TerminalKeys, clock: Clock, setup: KeyboardConfig | None = None) -> None:
        self._keys, self._clock, self._setup = keys, clock, setup or KeyboardConfig()
        self._lock = threading.Lock()
        self._is_open = False
        self._forget()

    def open(self) -> None:
        if self._is_open:
            return
        self._forget()
        self._keys.listen(self, first=True)
        if not self._keys.open():
            self._keys.forget(self)
            raise DeviceUnavailable(
                "the keyboard needs a terminal as standard input, found none; over SSH connect with ssh -t"
            )
        self._is_open = True

    def close(self) -> None:
        if not self._is_open:
            return
        self._is_open = False
        self._keys.close()
        self._keys.forget(self)

    def read(self) -> Motion:
        if not self._is_open:
            raise DeviceUnavailable("the keyboard is not open; call open() first")
        with self._lock:
            if self._is_lost:
                return silent("the terminal was closed")
            now = self._clock.now()
            events, gripper = tuple(self._events), self._gripper
            self._events, self._gripper = [], None
            return Motion(twist=self._twist(now), gripper=gripper, speed=SPEEDS[self._speed], events=events)

    def hear(self, keys: Sequence[str]) -> Sequence[str]:
        """Keys were pressed; those that mean nothing here are given back."""
        now, others = self._clock.now(), list[str]()
        with self._lock:
            for key in keys:
                if not self._take(key.lower() if len(key) == 1 else key, now):
                    others.append(key)
        return others

    def lost(self) -> None:
        """The terminal is gone."""
        with self._lock:
            self._is_lost = True

    def _forget(self) -> None:
        self._pressed: dict[str, float] = {}
        self._until: dict[str, float] = {}
        self._events: list[Event] = []
        self._gripper: GripperCommand | None = None
        self._speed = SPEEDS.index(0.5)
        self._is_lost = False

    def _take(self, key: str, now: float) -> bool:
        since = now - self._pressed.get(key, float("-inf"))
        self._pressed[key] = now
        if key in AXES:
            self._until[key] = now + (self._setup.hold if since <= self._setup.repeats_within else self._setup.tap)
        elif key in FASTER:
            self._speed = min(self._speed + 1, len(SPEEDS) - 1)
        elif key in SLOWER:
            self._speed = max(self._speed - 1, 0)
        elif key not in FINGERS and key not in EVENTS:
            return False
        elif since > self._setup.again_after:
            self._say(key)
        return True

    def _say(self, key: str) -> None:
        if key in EVENTS:
            self._events.append(EVENTS[key])
        else:
            self._gripper = Motion(gripper=FINGERS[key]).after(Motion(gripper=self._gripper)).gripper

    def _twist(self, now: float) -> Twist:
        twist = list(AT_REST)
        for key, until in self._until.items():
            if now < until:
                axis, direction = AXES[key]
                twist[axis] += direction
        x, y, z, roll, pitch, yaw = (min(max(each, -1.0), 1.0) for each in twist)
        return x, y, z, roll, pitch, yaw
