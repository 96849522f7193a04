"""Waits for a robot, or its joints, on a machine that stalls."""

from collections.abc import Callable
from typing import TypeVar

from clam_robot.errors import StaleObservation
from clam_robot.timing import Clock

Seen = TypeVar("Seen")


def patiently(look: Callable[[], Seen], clock: Clock, patience: float) -> Seen:
    """What a look gives; a moment in which it gives nothing is waited for.

    Args:
        look: gives the newest observation of a robot, or state of joints.
        clock: the robot's.
        patience: longest wait [s].

    Raises:
        StaleObservation: there was none all the while.
    """
    deadline = clock.now() + patience
    while True:
        try:
            return look()
        except StaleObservation:
            if clock.now() > deadline:
                raise
        clock.sleep_until(clock.now() + _BREATH)


_BREATH = 0.02  # between two looks [s]
