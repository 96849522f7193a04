"""Runs a module when its turn has come: `python -m clam_robot.deployment.in_turn LOADED,... MODULE WORD...`.

Loading takes a program most of the time until it works, and needs none of the others. So it loads at once, and waits
for a byte on its standard input; when that is closed instead, whoever would have sent it is gone, and it ends.
"""

import os
import runpy
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module

TURN = b"\n"


def main(loaded: Sequence[str], module: str, words: Sequence[str]) -> None:
    """Load modules, wait, and run `module` as if it had been started by itself, with an empty standard input."""
    for name in loaded:
        with suppress(ImportError):  # the program says better what is missing
            import_module(name)
    if os.read(0, len(TURN)) != TURN:
        return
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    sys.argv[1:] = words
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1].split(","), sys.argv[2], sys.argv[3:])
