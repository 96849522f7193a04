"""How long the servos' adapter collects bytes before it hands them on."""

from clam_robot.doctor.finding import Finding, ok, problem, skipped
from clam_robot.doctor.machine import Machine
from clam_robot.doctor.setup import DoctorConfig

NAME = "USB latency timer"
BEST = 1  # [ms]


def check(machine: Machine, setup: DoctorConfig) -> Finding:
    """It is at its shortest."""
    port = machine.path(setup.port)
    if not port.exists():
        return skipped(NAME, f"no {setup.port}")
    tty = port.resolve().name
    path = f"/sys/bus/usb-serial/devices/{tty}/latency_timer"
    value = machine.read(path)
    if value is None:
        return skipped(NAME, f"{tty} has none")
    if value == str(BEST):
        return ok(NAME, f"{BEST} ms ({tty})")
    return problem(
        NAME,
        f"{value} ms ({tty})",
        why=f"every answer of the servos waits up to {value} ms; 100 states a second need {BEST} ms",
        mend=f"echo {BEST} | sudo tee {path}",
    )
