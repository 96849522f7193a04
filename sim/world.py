"""The physics behind a simulated robot."""

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What the world says of one control period.

    Attributes:
        reward: summed over the simulator steps of the period.
        success: whether the task is solved at its end.
        is_over: the world itself ended the episode.
    """

    reward: float
    success: bool
    is_over: bool = False


@runtime_checkable
class World(Protocol):
    """A scene that is set up from a seed and moved by actions.

    Attributes:
        model: the `mujoco.MjModel`.
        data: the `mujoco.MjData`.
    """

    model: Any
    data: Any

    def reset(self, seed: int) -> None:
        """Set up the scene; equal seeds give bit-equal scenes, whatever happened before."""
        ...

    def state(self) -> Float32[np.ndarray, "S"]:
        """The state vector of the robot's spec, in a fresh array."""
        ...

    def step(self, action: Float32[np.ndarray, "A"]) -> Judgement:
        """Simulate one control period."""
        ...
