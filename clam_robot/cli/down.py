"""`clam down`."""

from dataclasses import dataclass
from pathlib import Path

from clam_robot.cli.console import console, plural
from clam_robot.cli.up import FOLDER
from clam_robot.deployment.process_id import end_all
from clam_robot.deployment.state import forget_state, read_state
from clam_robot.timing import MonotonicClock

_KEEPER_ENDS_WITHIN = 60.0  # it gives each of the others time to end [s]
_ENDS_WITHIN = 10.0  # [s]


@dataclass(frozen=True, kw_only=True)
class Command:
    """End everything that `clam up` started, the control loop first: the arm holds where it is.

    Attributes:
        folder: that `clam up` was given.
    """

    folder: Path = FOLDER

    def run(self) -> None:
        """End it, and say what was ended.

        Raises:
            ConfigError: what says what is up is damaged.
        """
        folder, clock = self.folder.absolute(), MonotonicClock()
        state = read_state(folder)
        if state is None:
            console.print(f"nothing is up in {folder}; --folder names another, as `clam up` was given", soft_wrap=True)
            return
        running = [each for each in (state.keeper, *state.processes) if each.is_left()]
        with console.status("ending the control loop, then the others"):
            num_killed = end_all([state.keeper], clock, patience=_KEEPER_ENDS_WITHIN)
            # Those that a keeper left, which was killed; it may have started others after what was read.
            left = read_state(folder) or state
            num_killed += end_all(left.processes, clock, patience=_ENDS_WITHIN)
        forget_state(folder)
        console.print(
            f"ended {plural(len(running), 'process').replace('processs', 'processes')}, {num_killed} by force"
        )
