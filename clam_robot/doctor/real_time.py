"""Whether the loop may run before other programs."""

import re

from clam_robot.doctor.finding import Finding, ok, skipped, warning
from clam_robot.doctor.machine import Machine
from clam_robot.doctor.setup import DoctorConfig

NAME = "real-time rights"
_LIMIT = re.compile(r"^Max realtime priority\s+(\S+)", re.MULTILINE)


def check(machine: Machine, setup: DoctorConfig) -> Finding:
    """The user may ask for a real-time priority."""
    del setup
    found = _LIMIT.search(machine.read("/proc/self/limits") or "")
    if found is None:
        return skipped(NAME, "the kernel does not tell")
    if machine.uid == 0 or found[1] != "0":
        return ok(NAME, "root" if machine.uid == 0 else f"up to priority {found[1]}")
    return warning(
        NAME,
        "none",
        why="another program on the same core delays a control period by tens of milliseconds",
        mend="echo '@dialout - rtprio 50' | sudo tee /etc/security/limits.d/clam-robot.conf, then log out and in again",
    )
