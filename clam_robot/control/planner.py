"""Where the loop gets its actions from."""

from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32

from clam_robot.control.tally import EpisodeTally
from clam_robot.errors import PolicyUnavailable
from clam_robot.types import Observation


@runtime_checkable
class Planner(Protocol):
    """Asks the policy when it is time to, and knows the action that is due."""

    @property
    def failure(self) -> PolicyUnavailable | None:
        """What the policy said when it could not answer; None once it does again."""
        ...

    @property
    def advice(self) -> str:
        """What to do about it when no action ever comes."""
        ...

    def begin(self, since: float) -> None:
        """A new episode, whose first observation is of this time [s]."""
        ...

    def replan(self, observation: Observation, tally: EpisodeTally) -> None:
        """Once a control period, before its action is asked for; counts what it finds.

        Raises:
            PolicyRefused: an answer, but an error.
            Exception: the policy's own fault.
        """
        ...

    def action_at(self, time: float) -> Float32[np.ndarray, "A"] | None:
        """The action due at `time` [s]; None where there is none, and the robot holds."""
        ...
