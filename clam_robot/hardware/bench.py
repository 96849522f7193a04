"""A bench that knows more than the arm: where things are, and whether the task is done."""

from collections.abc import Callable, Mapping
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


FrameListener = Callable[[str, float, np.ndarray, np.ndarray | None], None]
"""Told of a frame: camera, capture time [s], picture (H, W, 3) and depth (H, W) uint16, None where there is none."""


@runtime_checkable
class FilmingBench(Bench, Protocol):
    """A bench whose cameras have a pace of their own."""

    def listen(self, listener: FrameListener | None) -> None:
        """Hand every new frame to `listener`, before an observation shows it; None to nobody.

        It is called in the cameras' threads, has to return at once, and must not change the arrays.
        """
        ...

    def depth_units(self) -> Mapping[str, float]:
        """Of the depth that comes with frames, by camera [m]; without those that measure none. Known once connected."""
        ...
