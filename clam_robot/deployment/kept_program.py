"""A program while it is kept running."""

import logging
import os
import subprocess
from contextlib import suppress
from pathlib import Path

from clam_robot.deployment.in_turn import TURN
from clam_robot.deployment.process_id import ProcessId, end_all
from clam_robot.deployment.program import Program
from clam_robot.deployment.rotating_log import RotatingLog
from clam_robot.deployment.state import Phase, ProgramState
from clam_robot.timing import Clock

logger = logging.getLogger(__name__)

_ENDS_WITHIN = 10.0  # [s]
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 10.0  # before it is started again [s]
_STEADY = 30.0  # ready for so long, earlier failures are forgotten [s]


class KeptProgram:
    """Starts, watches and ends one program.

    Args:
        program: which.
        folder: of its log.
        clock: real.

    Attributes:
        program: which.
        phase: what it is doing.
        log: what it prints.
    """

    def __init__(self, program: Program, folder: Path, clock: Clock) -> None:
        self.program = program
        self.phase = Phase.WAITING
        self.log = RotatingLog(folder / f"{program.name}.log")
        self._clock = clock
        self._process: subprocess.Popen[bytes] | None = None
        self._id: ProcessId | None = None
        self._num_starts = 0
        self._pause = _FIRST_PAUSE
        self._not_before = self._began = clock.now()

    @property
    def state(self) -> ProgramState:
        """For the file."""
        return ProgramState(
            phase=self.phase, address=self.program.address, process=self._id, num_starts=self._num_starts
        )

    @property
    def may_start(self) -> bool:
        """Whether it is its time, where those it needs are ready."""
        return self.phase is Phase.WAITING and self._clock.now() >= self._not_before

    def prepare(self) -> None:
        """Start it before its turn, where it can wait for that."""
        if self.program.awaits_turn and self._process is None:
            self._open()

    def start(self) -> None:
        """Start it, or tell it that its turn has come."""
        process = self._process or self._open()
        if process.stdin is not None:
            with suppress(BrokenPipeError), process.stdin as turn:  # it ended meanwhile, as is seen next
                turn.write(TURN)
        self._num_starts += 1
        self._began = self._clock.now()
        self.phase = Phase.STARTING
        logger.info("%s: started, process %d", self.program.name, process.pid)

    def watch(self) -> bool:
        """See how it is doing; whether it has just ended."""
        if self._process is None:
            return False
        code = self._process.poll()
        if code is not None:
            self._ended(f"ended with {_in_words(code)}")
            return True
        if self.phase is Phase.STARTING:
            self._see_whether_ready()
            return self.phase is Phase.WAITING
        if self.phase is Phase.READY and self._clock.now() - self._began > _STEADY:
            self._pause = _FIRST_PAUSE
        return False

    def end(self, why: str) -> None:
        """End it, where it runs; it may be started again at once."""
        if self._process is None or self._id is None:
            return
        self._stop()
        self.phase = Phase.WAITING
        logger.info("%s: ended, %s", self.program.name, why)

    def _open(self) -> subprocess.Popen[bytes]:
        """A process in a group of its own."""
        with self.log.path.open("ab") as log:
            self._process = subprocess.Popen(
                self.program.command,
                stdin=subprocess.PIPE if self.program.awaits_turn else subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | dict(self.program.environ),
                start_new_session=True,
            )
        self._id = ProcessId.of(self._process.pid)
        return self._process

    def _see_whether_ready(self) -> None:
        seconds = self._clock.now() - self._began
        if self.program.is_ready():
            self.phase = Phase.READY
            self._began = self._clock.now()
            logger.info("%s: ready after %.1f s", self.program.name, seconds)
        elif seconds > self.program.start_timeout:
            self._ended(f"not ready within {self.program.start_timeout:g} s")

    def _ended(self, how: str) -> None:
        self._stop()  # what it started may be left
        self.phase = Phase.WAITING
        self._not_before = self._clock.now() + self._pause
        logger.warning("%s: %s; starts again in %g s", self.program.name, how, self._pause)
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    def _stop(self) -> None:
        assert self._process is not None and self._id is not None
        end_all([self._id], self._clock, patience=_ENDS_WITHIN)
        self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process = None


def _in_words(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"code {code}"
