"""The keeper's own process: `python -m clam_robot.deployment FOLDER`, as `clam up` starts it."""

import logging
import os
import signal
import sys
from pathlib import Path

from clam_robot import config
from clam_robot.deployment.keeper import Keeper
from clam_robot.deployment.process_id import ProcessId
from clam_robot.deployment.sim_set import SimConfig, sim_set
from clam_robot.errors import ClamRobotError
from clam_robot.timing import MonotonicClock

logger = logging.getLogger(__name__)
SETUP = "setup.json"


def main(folder: Path) -> None:
    """Keep the set of a folder running until SIGTERM or SIGINT."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    programs = sim_set(config.load(SimConfig, folder / SETUP), folder)
    keeper = Keeper(programs, folder, MonotonicClock(), ProcessId.of(os.getpid()))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: keeper.stop())
    try:
        keeper.run()
    except ClamRobotError as error:
        logger.error("%s", error)
        sys.exit(2)
    except OSError as error:
        logger.error("cannot write to %s: %s; make room or way there", folder, error.strerror or error)
        sys.exit(2)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
