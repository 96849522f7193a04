"""How fast a disk takes what is recorded."""

import os
import tempfile
from pathlib import Path

from clam_robot.timing import Clock, MonotonicClock

_BLOCK = bytes(2**20)
_NUM_BLOCKS = 64


def write_speed(folder: Path, clock: Clock | None = None) -> float:
    """Write 64 MiB to where a folder is, wait until the disk has them, and remove them [byte/s]."""
    clock = clock or MonotonicClock()
    with tempfile.TemporaryFile(dir=folder) as file:
        begin = clock.now()
        for _ in range(_NUM_BLOCKS):
            file.write(_BLOCK)
        file.flush()
        os.fsync(file.fileno())
        return _NUM_BLOCKS * len(_BLOCK) / max(1e-6, clock.now() - begin)
