"""`clam VERB ...`: answers Ctrl-C from its first line on, so it loads nothing before that."""

import signal
import sys
from collections.abc import Sequence

from clam_robot.cli.exits import EXIT_INTERRUPTED
from clam_robot.cli.loading import loading


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the return value is the exit code."""
    try:
        with loading():
            from clam_robot.cli.dispatch import dispatch
        return dispatch(sys.argv[1:] if arguments is None else arguments)
    except KeyboardInterrupt:  # between two of those that answer it
        return EXIT_INTERRUPTED
    finally:
        if arguments is None:
            # What is done is done: Ctrl-C while the interpreter ends would make a success look like an interruption.
            signal.signal(signal.SIGINT, signal.SIG_IGN)


if __name__ == "__main__":
    sys.exit(main())
