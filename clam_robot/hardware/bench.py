"""A bench that knows more than the arm: where things are, and whether the task is done."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64, UInt8

from clam_robot.specs import CameraSpec
from clam_robot.types import TaskStatus


@runtime_checkable
class Bench(Protocol):
    """Tags under a camera, a motion capture system, or a simulated scene."""

    @property
    def task(self) -> str:
        """What is to be done."""
        ...

    @property
    def points(self) -> tuple[str, ...]:
        """Names of the points it measures, always in this order."""
        ...

    @property
    def cameras(self) -> dict[str, CameraSpec]:
        """Image size by camera name."""
        ...

    def connect(self) -> None:
        """Open it.

        Raises:
            RobotError: it is not there.
        """
        ...

    def disconnect(self) -> None:
        """Close it."""
        ...

    def reset(self, seed: int | None) -> None:
        """Lay the scene out for an episode, or wait until a person has."""
        ...

    def measure(self) -> list[Float64[np.ndarray, "3"]]:
        """Where the points are, in the base frame [m].

        Raises:
            StaleObservation: nothing new.
        """
        ...

    def frames(self) -> dict[str, tuple[UInt8[np.ndarray, "H W 3"], float]]:
        """Newest frame of every camera and when it was taken [s]."""
        ...

    def status(self) -> TaskStatus:
        """Of the task."""
        ...


@runtime_checkable
class FilmingBench(Bench, Protocol):
    """A bench whose cameras have a pace of their own."""

    def listen(self, listener: Callable[[str, float, np.ndarray], None] | None) -> None:
        """Hand every new frame to `listener`: camera, capture time [s] and picture; None to nobody.

        It is called in the cameras' threads, has to return at once, and must not change the picture.
        """
        ...
