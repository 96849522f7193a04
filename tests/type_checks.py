"""Whether types are checked at every call, as they are in tests."""

from collections.abc import Iterator
from contextlib import contextmanager

from jaxtyping import config


@contextmanager
def unchecked() -> Iterator[None]:
    """Not for now: for minutes of simulated motion, whose every call is checked in some shorter test.

    Checks make a thousand steps of the twin five times as expensive as the steps themselves.
    """
    before = config.jaxtyping_disable
    config.update("jaxtyping_disable", True)
    try:
        yield
    finally:
        config.update("jaxtyping_disable", before)
