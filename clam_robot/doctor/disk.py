"""Room and speed for what is recorded."""

import os
import shlex

from clam_robot.doctor.finding import Finding, ok, problem, warning
from clam_robot.doctor.machine import Machine
from clam_robot.doctor.setup import DoctorConfig

NAME = "disk"
_GIB = 2**30


def check(machine: Machine, setup: DoctorConfig) -> Finding:
    """There is room, and the disk keeps up."""
    asked = setup.data.absolute()
    folder = next(each for each in (asked, *asked.parents) if os.path.exists(each))  # noqa: PTH110, which may raise
    try:
        free = machine.free_bytes(folder) / _GIB
        if free < setup.free_gib:
            return problem(
                NAME,
                f"{free:.1f} GiB free at {folder}; expected {setup.free_gib:g}",
                why="recording stops when the disk is full",
                mend=f"make room (du -xh {folder} | sort -h | tail), or record elsewhere",
            )
        speed = machine.write_speed(folder) / 1e6
    except OSError as error:
        return problem(
            NAME,
            f"{folder}: {error.strerror}",
            why="episodes and checkpoints are written there",
            mend=f"sudo install -d -o $USER {shlex.quote(str(asked))}, or give another folder with --data",
        )
    if speed < setup.disk_mb:
        return warning(
            NAME,
            f"writes {speed:.0f} MB/s at {folder}; expected {setup.disk_mb:g}",
            why="frames wait in memory while an episode is written, and are dropped when there are too many",
            mend="record onto an internal SSD",
        )
    return ok(NAME, f"{free:.0f} GiB free, writes {speed:.0f} MB/s at {folder}")
