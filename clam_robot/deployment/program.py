"""One of the programs that run together."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, eq=False)
class Program:
    """How one of them is started, and what it has to do with the others.

    Attributes:
        name: short; that of its log, too.
        command: words of its command line.
        environ: variables added to the environment.
        is_ready: whether it does its work by now; may take a second.
        address: where it is reached, for people.
        needs: names of programs that must be ready before it is started.
        takes_along: names of programs that are started anew whenever it was, as they cannot go on without the old one.
        start_timeout: longest it may take to be ready, from its turn on [s].
        awaits_turn: whether it is started before those it needs are ready, and waits by itself, see `in_turn`.
    """

    name: str
    command: tuple[str, ...]
    environ: Mapping[str, str]
    is_ready: Callable[[], bool]
    address: str
    needs: tuple[str, ...] = ()
    takes_along: tuple[str, ...] = ()
    start_timeout: float = 60.0
    awaits_turn: bool = False
