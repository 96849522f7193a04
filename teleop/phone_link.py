"""What is believed of a phone on a connection that may stall: nothing that is older than the watchdog allows.

We send numbered ticks; the phone says with every message which tick it had seen. So the age of what it says is measured
there and back by our own clock alone. What is too old, out of order or no message moves nothing, and a phone that says
nothing new for as long rests.
"""

import threading
from collections import deque
from dataclasses import replace

from clam_robot.errors import ConfigError
from clam_robot.timing import Clock
from teleop.device import AT_REST, Event, GripperCommand, Motion, Twist, silent
from teleop.phone_config import PhoneConfig
from teleop.phone_message import PhoneMessage, parse_message
from teleop.pose_velocity import PoseVelocity

# A phone that said nothing for so long may be replaced by another one [s].
_GIVEN_UP_AFTER = 2.0
_TICKS_KEPT = 256


class PhoneLink:
    """One phone at a time. Called by connections, and read by the device's owner, from any thread.

    Args:
        setup: how old, how fast.
        clock: of both sides' messages.

    Attributes:
        num_late: messages that came too late to move anything.
        num_refused: messages that were none, or out of order.
    """

    def __init__(self, setup: PhoneConfig, clock: Clock) -> None:
        self._setup, self._clock = setup, clock
        self._lock = threading.Lock()
        self._velocity = PoseVelocity(setup.full_speed, setup.full_turn)
        self.num_late = self.num_refused = 0
        self._phone = 0
        self._is_connected = False
        self._events: list[Event] = []
        self._gripper: GripperCommand | None = None
        self._begin()

    def connect(self) -> int | None:
        """A phone is there: what it is called from now on; None while another one drives."""
        now = self._clock.now()
        with self._lock:
            if self._is_connected and now - self._heard < _GIVEN_UP_AFTER:
                return None
            self._phone += 1
            self._is_connected = True
            self._begin()
            return self._phone

    def disconnect(self, phone: int) -> None:
        """A phone has gone."""
        with self._lock:
            if phone == self._phone:
                self._is_connected = False

    def tick(self, phone: int) -> int | None:
        """Number of a tick that is sent to a phone now; None where another one has taken over."""
        with self._lock:
            if phone != self._phone:
                return None
            self._tick += 1
            self._ticks.append((self._tick, self._clock.now()))
            return self._tick

    def age(self) -> float | None:
        """Of what the phone said last, there and back [s]; None before."""
        with self._lock:
            return None if self._newest is None else self._clock.now() - self._said

    def hear(self, phone: int, text: str | bytes) -> None:
        """A phone said something; whatever it is, nothing is raised."""
        try:
            message = parse_message(text)
        except ConfigError:
            with self._lock:
                self.num_refused += 1
            return
        with self._lock:
            if phone == self._phone:
                self._take(message)

    def stop(self) -> None:
        """The stop was pressed, on whatever page."""
        with self._lock:
            self._events.append(Event.STOP)

    def motion(self) -> Motion:
        """What the person does now; what is said once is given out once."""
        with self._lock:
            events, gripper = tuple(self._events), self._gripper
            self._events, self._gripper = [], None
            now = self._clock.now()
            note = self._silence(now)
            if note or self._newest is None:
                self._twist, self._shaped = AT_REST, now
                return replace(silent(note), events=events)
            elapsed, self._shaped = now - self._shaped, now
            room = 1.0 if self._setup.rise == 0.0 else min(elapsed / self._setup.rise, 1.0)
            self._twist = eased(self._twist, self._wanted, room)
            newest = self._newest
            return Motion(twist=self._twist, gripper=gripper, clutch=newest.clutch, speed=newest.speed, events=events)

    def _begin(self) -> None:
        now = self._clock.now()
        self._tick, self._ticks = 0, deque[tuple[int, float]](maxlen=_TICKS_KEPT)
        self._newest: PhoneMessage | None = None
        self._heard = self._said = self._shaped = now
        self._twist = self._wanted = AT_REST
        self._velocity.reset()

    def _take(self, message: PhoneMessage) -> None:
        now = self._clock.now()
        if Event.STOP in message.events:  # however old
            self._events.append(Event.STOP)
        if self._newest is not None and message.number <= self._newest.number:
            self.num_refused += 1
            return
        self._heard = now
        said = next((time for tick, time in self._ticks if tick == message.seen), None)
        if said is None or now - said > self._setup.max_age:
            self.num_late += 1
            return
        self._newest, self._said = message, said
        self._wanted = self._meant(message)
        self._events += [event for event in message.events if event is not Event.STOP]
        self._gripper = Motion(gripper=message.gripper).after(Motion(gripper=self._gripper)).gripper

    def _meant(self, message: PhoneMessage) -> Twist:
        if not message.clutch or message.pose is None:
            self._velocity.reset()
        if not message.clutch:
            return AT_REST
        return message.twist if message.pose is None else self._velocity.twist(message.pose)

    def _silence(self, now: float) -> str:
        """Why nothing is believed now; "" where the newest message is."""
        if not self._is_connected:
            return "no phone is connected; open the page on it"
        if self._newest is None:
            return "the phone has said nothing yet"
        age = now - self._said
        return f"what the phone says is {age:.1f} s old" if age > self._setup.max_age else ""


def eased(current: Twist, wanted: Twist, room: float) -> Twist:
    """The twist on its way: each axis grows by `room` at most, and falls, or turns round through rest, at once."""
    x, y, z, roll, pitch, yaw = (_eased(a, b, room) for a, b in zip(current, wanted, strict=True))
    return x, y, z, roll, pitch, yaw


def _eased(current: float, wanted: float, room: float) -> float:
    start = current if current * wanted > 0.0 else 0.0
    if abs(wanted) <= abs(start):
        return wanted
    return max(-abs(wanted), min(start + (room if wanted > 0.0 else -room), abs(wanted)))
