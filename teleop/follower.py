"""What makes actions of a leader arm's joints."""

from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, Float64

from clam_robot.errors import PoseMismatch
from clam_robot.types import Observation


@runtime_checkable
class Follower(Protocol):
    """Knows which robot follows and where it was sent."""

    def reset(self) -> None:
        """Follow from where the robot is at the next step."""
        ...

    def mismatch(self, leader: Float64[np.ndarray, "6"], observation: Observation) -> PoseMismatch | None:
        """Which joints stand too differently to begin, each with both angles; None where none does."""
        ...

    def step(
        self, leader: Float64[np.ndarray, "6"], opening: float, observation: Observation
    ) -> Float32[np.ndarray, "A"]:
        """The action, within bounds, that brings the robot nearer to the leader.

        Args:
            leader: its joints [rad].
            opening: of the gripper, 0 closed .. 1 open.
            observation: of the robot that follows.
        """
        ...

    def sent(self, action: Float32[np.ndarray, "A"]) -> None:
        """Hear which action was really executed."""
        ...
