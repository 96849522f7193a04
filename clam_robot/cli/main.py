"""`clam VERB ...`: answers Ctrl-C from its first line on, so it loads nothing before that."""

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


if __name__ == "__main__":
    sys.exit(main())
