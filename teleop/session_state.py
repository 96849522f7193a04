"""What a recording session shows to a person, and what a person may ask of it.

The terminal view, the operator's page and any other display read `SessionState` and call `SessionControl`; none of them
knows how the session works.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, runtime_checkable

from clam_robot.types import Step


class Phase(StrEnum):
    """Where a session stands."""

    READY = "ready"  # waits for the person to begin an episode
    RESETTING = "resetting"  # the robot goes to its start
    COUNTDOWN = "countdown"
    RECORDING = "recording"
    REVIEW = "review"  # the episode is over; the person says what becomes of it
    SAVING = "saving"
    STOPPED = "stopped"  # the robot was stopped and holds until a person clears it
    FINISHED = "finished"


class Wish(StrEnum):
    """What a person may ask for; what does not fit the phase is refused with a reason."""

    START = "start"  # an episode
    END = "end"  # the episode, without a verdict
    KEEP = "keep"
    SUCCESS = "success"  # end and keep it, the task is done
    FAILURE = "failure"  # end and keep it, the task is not done
    UNSURE = "unsure"  # end and keep it, nobody knows
    REDO = "redo"  # throw it away and begin it again
    DISCARD = "discard"
    NOTE = "note"  # text for the episode
    TASK = "task"  # text of the task from the next episode on
    STOP = "stop"  # the robot, at once
    CLEAR = "clear"  # a stop, after a look at the robot
    QUIT = "quit"


@dataclass(frozen=True, kw_only=True)
class Gauge:
    """One figure of the recording with its limits.

    Attributes:
        name: such as "rate" or "dropped rows".
        value: as it is now; None where it is not known yet.
        unit: such as "Hz", "ms", "%", "GB".
        is_alarming: whether the person should look at it.
        detail: what it should be, or what to do.
    """

    name: str
    value: float | None
    unit: str
    is_alarming: bool = False
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """How far play has got towards grounding a decoder.

    Attributes:
        name: such as "holding something", "gripper transitions", "workspace".
        value: as reached.
        target: as wanted.
        unit: of both.
        missing: what has not been seen yet, in words.
    """

    name: str
    value: float
    target: float
    unit: str
    missing: str = ""


@dataclass(frozen=True, kw_only=True)
class SessionState:
    """A session at one moment.

    Attributes:
        phase: where it stands.
        mode: "demonstration" or "play".
        task: in words.
        operator: who records.
        target: episodes wanted.
        num_kept: episodes kept, earlier sittings included.
        num_success: of these, judged successful; `num_failure` and `num_unsure` likewise.
        num_discarded: in this sitting.
        seconds: in this phase [s]; in a countdown, seconds left.
        prompt: what the person should do now.
        message: what happened last, or why a wish was refused.
        gauges: rate, drops, skew, disk left, ...
        coverage: of play; empty for demonstrations.
        wishes: what may be asked for in this phase.
        stop_reason: why the robot holds; empty while it does not.
    """

    phase: Phase
    mode: str
    task: str
    operator: str
    target: int
    num_kept: int = 0
    num_success: int = 0
    num_failure: int = 0
    num_unsure: int = 0
    num_discarded: int = 0
    seconds: float = 0.0
    prompt: str = ""
    message: str = ""
    gauges: tuple[Gauge, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    wishes: frozenset[Wish] = field(default_factory=frozenset[Wish])
    stop_reason: str = ""


@runtime_checkable
class SessionControl(Protocol):
    """A session as displays see it; every call returns at once and may come from any thread."""

    def state(self) -> SessionState:
        """The session now."""
        ...

    def ask(self, wish: Wish, text: str = "") -> str:
        """Ask for something; returns "" when it is accepted, else why it is not."""
        ...

    def newest_step(self) -> Step | None:
        """The newest control period, frames included; None before the first."""
        ...

    @property
    def details(self) -> Mapping[str, str]:
        """What does not change while it runs: robot, device, folder, cameras; name to text."""
        ...
