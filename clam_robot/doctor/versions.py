"""What is installed, beside what the project is tested with."""

import sys
from pathlib import Path

from clam_robot import __version__
from clam_robot.doctor.finding import Finding, ok, problem, warning
from clam_robot.doctor.machine import Machine
from clam_robot.doctor.setup import DoctorConfig

NAME = "versions"
_LOCK = Path(__file__).parents[2] / "docker" / "constraints.txt"
_SHOWN = 5


def check(machine: Machine, setup: DoctorConfig) -> Finding:
    """Packages that are pinned have the version they are pinned to."""
    del setup
    return compare(machine, _LOCK)


def compare(machine: Machine, lock: Path) -> Finding:
    """As `check`, with the pins of a file, NAME==VERSION each; none where the file does not exist."""
    if sys.version_info[:2] != (3, 11):
        return problem(
            NAME,
            f"Python {sys.version_info.major}.{sys.version_info.minor}",
            why="the pinned packages, and Debian's ROS, are for Python 3.11",
            mend="sudo apt-get install -y python3.11-venv, then docker/setup-host",
        )
    lines = lock.read_text().splitlines() if lock.exists() else []
    pins = dict(line.split("==") for line in lines if "==" in line and not line.startswith("#"))
    found = {name: machine.version(name) for name in pins}
    others = [
        f"{name} {version} for {pins[name]}"
        for name, version in found.items()
        if version is not None and version.partition("+")[0] != pins[name]
    ]
    if not others:
        number = sum(version is not None for version in found.values())
        return ok(NAME, f"clam-robot {__version__}" + (f", {number} packages as pinned" if lines else ""))
    more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
    return warning(
        NAME,
        f"{', '.join(others[:_SHOWN])}{more}",
        why="nothing was tested with these",
        mend="make setup, or pip install -c docker/constraints.txt",
    )
