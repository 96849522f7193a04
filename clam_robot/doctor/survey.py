"""All checks that matter for a role."""

from collections.abc import Mapping
from typing import Protocol

from clam_robot.doctor import (
    cameras,
    clock_sync,
    cpu_governor,
    disk,
    gpu,
    latency_timer,
    permissions,
    ports,
    real_time,
    ros_network,
    servo_adapter,
    udev_rule,
    usb_bandwidth,
    versions,
)
from clam_robot.doctor.finding import Finding
from clam_robot.doctor.machine import Machine
from clam_robot.doctor.setup import DoctorConfig, Role


class Check(Protocol):
    """Looks and changes nothing."""

    def __call__(self, machine: Machine, setup: DoctorConfig) -> Finding:
        """What it found."""
        ...


CHECKS: Mapping[Role, tuple[Check, ...]] = {
    "robot": (
        udev_rule.check,
        servo_adapter.check,
        latency_timer.check,
        permissions.check,
        cameras.check,
        usb_bandwidth.check,
        disk.check,
        clock_sync.check,
        cpu_governor.check,
        real_time.check,
        ros_network.check,
        ports.check,
        versions.check,
    ),
    "server": (gpu.check, disk.check, clock_sync.check, ports.check, versions.check),
    "sim": (ros_network.check, disk.check, ports.check, versions.check),
}


def survey(machine: Machine, setup: DoctorConfig) -> list[Finding]:
    """What each check of a role finds, in their order."""
    return [check(machine, setup) for check in CHECKS[setup.role]]
