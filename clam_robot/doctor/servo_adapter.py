"""The adapter between USB and the servos' bus."""

from clam_robot.doctor.finding import Finding, ok, problem
from clam_robot.doctor.machine import Machine
from clam_robot.doctor.setup import DoctorConfig
from clam_robot.doctor.udev_rule import INSTALL
from clam_robot.doctor.usb import U2D2, usb_devices

NAME = "servo adapter"
LEADER_PORT = "/dev/ttyDXL_leader"


def check(machine: Machine, setup: DoctorConfig) -> Finding:
    """It is plugged in, and its port is there."""
    found = [device for device in usb_devices(machine) if (device.vendor, device.product) == U2D2]
    if not found:
        return problem(
            NAME,
            "no U2D2 (0403:6014) on the USB",
            why="the servos are reached through it",
            mend="plug the U2D2 in, switch the arm's power on, look again with: lsusb -d 0403:6014",
        )
    where = f"U2D2 on USB {found[0].place}"
    if not machine.path(setup.port).exists():
        return problem(NAME, f"{where}, but no {setup.port}", why="programs open the servos by this name", mend=INSTALL)
    if len(found) > 1 and not machine.path(LEADER_PORT).exists():
        return problem(
            NAME,
            f"{len(found)} U2D2s on USB {', '.join(each.place for each in found)}, but no {LEADER_PORT}",
            why=f"both answer to {setup.port}: chance decides which arm moves",
            mend="unplug one, or give the leader's its name by the rule with a serial in docker/99-clam-robot.rules: "
            + INSTALL,
        )
    return ok(NAME, f"{where}, {setup.port}")
