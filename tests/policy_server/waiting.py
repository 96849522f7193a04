"""Waits for a condition, as long as a busy machine may need."""

import time
from collections.abc import Callable

from clam_robot.timing import MonotonicClock

PATIENCE = 120.0


def until(is_so: Callable[[], bool], pause: float = 0.01) -> None:
    clock = MonotonicClock()
    deadline = clock.now() + PATIENCE
    while not is_so():
        assert clock.now() < deadline, "what was waited for did not come"
        time.sleep(pause)
