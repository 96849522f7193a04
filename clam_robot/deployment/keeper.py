"""Keeps a set of programs running: the order of their start, restarts, and the end of all."""

import logging
from collections.abc import Sequence
from pathlib import Path

from clam_robot.deployment.kept_program import KeptProgram
from clam_robot.deployment.process_id import ProcessId
from clam_robot.deployment.program import Program
from clam_robot.deployment.state import Phase, State, forget_state, write_state
from clam_robot.timing import Clock

logger = logging.getLogger(__name__)

_TICK = 0.1  # [s]


class Keeper:
    """Runs programs until it is stopped.

    A program is started when those it needs are ready, or before where it can wait for that by itself. One that ends is
    started again, after a pause that doubles with every failure, and those it takes along are ended and started after
    it. Nobody here moves an arm: the program that does waits for a person whenever it was started.

    Args:
        programs: in the order of their start.
        folder: of logs and state.
        clock: real.
        me: the process that runs this.
    """

    def __init__(self, programs: Sequence[Program], folder: Path, clock: Clock, me: ProcessId) -> None:
        self._kept = {program.name: KeptProgram(program, folder, clock) for program in programs}
        self._folder = folder
        self._clock = clock
        self._me = me
        self._is_stopped = self._is_full = False
        self._written: State | None = None

    def stop(self) -> None:
        """Let `run` end everything and return; may be called from a signal handler."""
        self._is_stopped = True

    def run(self) -> None:
        """Keep them running."""
        try:
            while not self._is_stopped:
                self.look()
                self._clock.sleep_until(self._clock.now() + _TICK)
        finally:
            for kept in reversed(self._kept.values()):
                kept.end("all are")
            forget_state(self._folder)

    def look(self) -> None:
        """One round: what ended, who may start, what the file says."""
        for kept in self._kept.values():
            if kept.watch():
                self._take_along(kept.program)
            if kept.may_start:
                is_its_turn = all(self._kept[name].phase is Phase.READY for name in kept.program.needs)
                kept.start() if is_its_turn else kept.prepare()
            self._write(kept)

    def _take_along(self, program: Program) -> None:
        # The last started first: the loop lets go of the arm while there is still somebody to tell.
        for name, kept in reversed(self._kept.items()):
            if name in program.takes_along:
                kept.end(f"as {program.name} is started anew")

    def _write(self, kept: KeptProgram) -> None:
        """State and logs; on a disk that is full by now, the programs are kept all the same."""
        try:
            self._tell()
            kept.log.rotate()
        except OSError as error:
            if self._written is None:
                raise
            if not self._is_full:
                logger.error("cannot write to %s: %s; make room there", self._folder, error.strerror)
            self._is_full = True
        else:
            self._is_full = False

    def _tell(self) -> None:
        state = State(keeper=self._me, programs={name: kept.state for name, kept in self._kept.items()})
        if state != self._written:
            write_state(self._folder, state)
            self._written = state
