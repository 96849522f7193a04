"""Cameras on the USB."""

from clam_robot.doctor.finding import Finding, ok, problem
from clam_robot.doctor.machine import Machine
from clam_robot.doctor.setup import DoctorConfig
from clam_robot.doctor.usb import usb_devices

NAME = "cameras"


def check(machine: Machine, setup: DoctorConfig) -> Finding:
    """As many as are needed."""
    names = [device.name for device in usb_devices(machine) if device.is_camera]
    found = f"{len(names)} on the USB" + (f": {', '.join(names)}" if names else "")
    if len(names) >= setup.num_cameras:
        return ok(NAME, found)
    return problem(
        NAME,
        f"{found}; expected {setup.num_cameras}",
        why="a policy that sees needs them; one that acts on states alone does not (--num-cameras 0)",
        mend="plug them into ports of their own, then try them with: clam cameras",
    )
