"""What a person moves a robot with.

A device reports what the person does now, in the person's own frame and without units; `teleop.mapping` makes
velocities of it and `teleop.teleop_policy` actions.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol, runtime_checkable

Twist = tuple[float, float, float, float, float, float]
AT_REST: Twist = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


class Event(StrEnum):
    """What a person says beside moving."""

    STOP = "stop"  # the robot, at once
    START = "start"  # an episode
    KEEP = "keep"  # end it and keep it
    DISCARD = "discard"  # end it and throw it away
    REDO = "redo"  # throw it away and begin it again
    SUCCESS = "success"  # end it, the task is done
    FAILURE = "failure"  # end it, the task is not done
    QUIT = "quit"  # the person has finished


class Fingers(StrEnum):
    """What the gripper is to do; an opening, 0 closed .. 1 open, is the other way to say it."""

    OPEN = "open"
    CLOSE = "close"
    TOGGLE = "toggle"


GripperCommand = Fingers | float


@dataclass(frozen=True, kw_only=True)
class Motion:
    """What the person does at one moment.

    Attributes:
        twist: share of full speed along and about forwards, left and up as the person sees them:
            x y z roll pitch yaw, each -1 .. 1.
        joints: of a leader arm, to be followed instead of the twist [rad]; None for other devices.
        gripper: what the fingers are to do from now on; None leaves them.
        clutch: whether the motion is meant for the robot.
        speed: share of the set speed that the person has chosen, above 0 .. 1.
        is_alive: whether the device answers; if not, nothing else here may be believed.
        events: said since the last reading, in order.
        note: what the person should know, such as why the device does not answer.
    """

    twist: Twist = AT_REST
    joints: tuple[float, ...] | None = None
    gripper: GripperCommand | None = None
    clutch: bool = True
    speed: float = 1.0
    is_alive: bool = True
    events: tuple[Event, ...] = ()
    note: str = ""

    def after(self, earlier: "Motion") -> "Motion":
        """This motion with what an earlier one that nobody acted on asked for once: its events, and its gripper."""
        return replace(
            self,
            gripper=_both(earlier.gripper, self.gripper),
            events=earlier.events + self.events,
        )


def silent(note: str) -> Motion:
    """The motion of a device that does not answer."""
    return Motion(clutch=False, is_alive=False, note=note)


@runtime_checkable
class TeleopDevice(Protocol):
    """One keyboard, gamepad, leader arm, ... Constructors touch no device."""

    def open(self) -> None:
        """Take the device. May be called twice.

        Raises:
            DeviceUnavailable: missing, not permitted, or of an unknown kind; says what to do.
            DriverError: of a leader arm: the servos do not answer.
        """
        ...

    def close(self) -> None:
        """Give it back as it was found. May be called twice."""
        ...

    def read(self) -> Motion:
        """What the person does now; never blocks.

        A device that was lost gives motions that are not alive, and goes on by itself when it is back. Events and
        gripper commands are given out once.

        Raises:
            DeviceUnavailable: it is not open.
        """
        ...


def opening_after(opening: float, command: GripperCommand | None) -> float:
    """Where the fingers are to be, 0 closed .. 1 open, after a command that finds them at `opening`."""
    match command:
        case None:
            return opening
        case Fingers.OPEN:
            return 1.0
        case Fingers.CLOSE:
            return 0.0
        case Fingers.TOGGLE:
            return 0.0 if opening > 0.5 else 1.0
        case _:
            return min(max(command, 0.0), 1.0)


def _both(first: GripperCommand | None, second: GripperCommand | None) -> GripperCommand | None:
    """What two commands in a row come to."""
    if first is None or second is None:
        return first if second is None else second
    if second is not Fingers.TOGGLE:
        return second
    if first is Fingers.TOGGLE:
        return None
    return Fingers.CLOSE if opening_after(0.0, first) > 0.5 else Fingers.OPEN
