"""Whether the user may open the devices."""

from pathlib import Path

from clam_robot.doctor.finding import Finding, ok, problem, skipped
from clam_robot.doctor.machine import Machine
from clam_robot.doctor.setup import DoctorConfig

NAME = "permissions"
# Device -> group that Debian gives it.
_GROUPS = {"ttyUSB": "dialout", "ttyACM": "dialout", "ttyDXL": "dialout", "video": "video"}


def check(machine: Machine, setup: DoctorConfig) -> Finding:
    """Serial ports and cameras are open to the user."""
    paths = [machine.path(setup.port), *machine.glob("/dev/video*")]
    there = [path for path in paths if path.exists()]
    if not there:
        return skipped(NAME, "no device to open")
    closed = [path for path in there if not machine.may_use(path)]
    if not closed:
        return ok(NAME, ", ".join(path.name for path in there))
    groups = sorted({_group(path) for path in closed})
    return problem(
        NAME,
        f"may not open {', '.join(path.name for path in closed)}",
        why="the device belongs to a group that this user is not in",
        mend=f"sudo usermod -aG {','.join(groups)} $USER, then log out and in again",
    )


def _group(path: Path) -> str:
    return next((group for prefix, group in _GROUPS.items() if path.name.startswith(prefix)), "dialout")
