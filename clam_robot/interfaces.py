"""The protocols everything meets at. Each docstring is the contract; `clam_robot.testing.contracts` checks it."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32

from clam_robot.specs import RobotSpec
from clam_robot.types import ActionChunk, EpisodeOutcome, EpisodeStart, Observation, Step, TaskStatus


@runtime_checkable
class Robot(Protocol):
    """An arm or a simulated one.

    Constructors touch no device. `spec` is known before connecting. `connect` and `disconnect` may be called twice.
    """

    @property
    def spec(self) -> RobotSpec:
        """What the robot measures and accepts."""
        ...

    def connect(self) -> None:
        """Open devices.

        Raises:
            RobotError: a device is missing or does not fit; says which.
        """
        ...

    def disconnect(self) -> None:
        """Release devices; the arm keeps its torque."""
        ...

    def reset(self, seed: int | None = None) -> None:
        """Begin an episode. The same seed gives the same scene in a simulator.

        Raises:
            NotConnected: connect() comes first.
        """
        ...

    def get_observation(self) -> Observation:
        """The newest observation, in fresh arrays the caller may keep.

        Raises:
            NotConnected: connect() and reset() come first.
            StaleObservation: nothing new arrived in time; names the silent source.
        """
        ...

    def send_action(self, action: Float32[np.ndarray, "A"]) -> Float32[np.ndarray, "A"]:
        """Execute an action for one control period and return what was really executed.

        Raises:
            NotConnected: connect() and reset() come first.
            InvalidVector: wrong shape, or NaN or infinity: nothing was executed.
        """
        ...

    def hold(self) -> None:
        """Stop now and keep torque. May be called every period while there is no action."""
        ...


@runtime_checkable
class TaskRobot(Robot, Protocol):
    """A robot whose world judges the task, as simulators and instrumented benches do."""

    @property
    def task(self) -> str:
        """What is to be done."""
        ...

    def task_status(self) -> TaskStatus:
        """Success and return so far.

        Raises:
            NotConnected: connect() and reset() come first.
        """
        ...


@runtime_checkable
class Policy(Protocol):
    """Something that answers observations with actions: a model, a server, a person, a script.

    One instance per connection or loop, so that history lives in it; instances may share weights.
    """

    @property
    def spec(self) -> RobotSpec:
        """The robot it acts for."""
        ...

    def reset(self) -> None:
        """Forget everything about the episode so far."""
        ...

    def infer(self, observation: Observation) -> ActionChunk:
        """Actions from this observation on; the chunk carries the observation's own time.

        Raises:
            PolicyUnavailable: no answer in time.
            PolicyRefused: an answer, but an error.
        """
        ...


@runtime_checkable
class PolicyGroup(Protocol):
    """A policy for several robots at once: its instances share weights, and one pass may answer many of them."""

    @property
    def spec(self) -> RobotSpec:
        """The robots it acts for."""
        ...

    def new(self) -> Policy:
        """An instance with a history of its own, for one robot."""
        ...

    def infer(self, policies: Sequence[Policy], observations: Sequence[Observation]) -> list[ActionChunk]:
        """What each of different instances answers to its observation, in their order, as its own `infer` would.

        Raises:
            PolicyUnavailable: no answer in time.
            PolicyRefused: an answer, but an error.
        """
        ...


@runtime_checkable
class AsyncPolicy(Protocol):
    """A policy whose answers come when they come: the loop that asks never waits for it."""

    @property
    def spec(self) -> RobotSpec:
        """The robot it acts for."""
        ...

    def reset(self) -> None:
        """A new episode: forget the one so far; answers to its observations that are still to come are dropped."""
        ...

    def submit(self, observation: Observation) -> None:
        """Ask for actions from this observation on; at once. An older one that nobody looked at yet is replaced."""
        ...

    def poll(self) -> ActionChunk | None:
        """The newest answer that was not given out yet, at once; None while there is none.

        Raises:
            PolicyUnavailable: the last request failed for want of an answer; asking goes on by itself.
            PolicyRefused: an answer, but an error.
        """
        ...

    def close(self) -> None:
        """End what works in the background."""
        ...


@runtime_checkable
class Subscriber(Protocol):
    """Told of every episode and step; never slows the loop, never changes what it does."""

    def on_episode_start(self, start: EpisodeStart) -> None:
        """An episode begins."""
        ...

    def on_step(self, step: Step) -> None:
        """A control period is over. The last step of an episode carries the closing observation and no action."""
        ...

    def on_episode_end(self, outcome: EpisodeOutcome) -> None:
        """The episode is over."""
        ...
