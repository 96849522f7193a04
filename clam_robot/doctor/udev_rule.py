"""The rule that gives the servos' adapter its name, its group and its quick timer whenever it is plugged in."""

from clam_robot.doctor.finding import Finding, ok, problem
from clam_robot.doctor.machine import Machine
from clam_robot.doctor.setup import DoctorConfig
from clam_robot.doctor.usb import U2D2

NAME = "udev rule"
INSTALL = (
    "sudo cp docker/99-clam-robot.rules /etc/udev/rules.d/ && sudo udevadm control --reload-rules && "
    "sudo udevadm trigger"
)


def check(machine: Machine, setup: DoctorConfig) -> Finding:
    """A rule names the adapter and makes a link."""
    del setup
    vendor, product = U2D2
    for folder in ("/etc/udev/rules.d", "/run/udev/rules.d", "/usr/lib/udev/rules.d", "/lib/udev/rules.d"):
        for path in machine.glob(f"{folder}/*.rules"):
            lines = (machine.text(path) or "").splitlines()
            rules = [line for line in lines if not line.lstrip().startswith("#")]
            if any(vendor in rule and product in rule and "SYMLINK" in rule for rule in rules):
                return ok(NAME, f"{folder}/{path.name}")
    return problem(
        NAME,
        "none for the U2D2",
        why="without it /dev/ttyDXL does not exist, and the adapter's timer delays every answer by 16 ms",
        mend=INSTALL,
    )
