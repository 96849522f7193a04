"""The machine's clocks."""

from clam_robot.doctor.finding import Finding, ok, warning
from clam_robot.doctor.machine import Machine
from clam_robot.doctor.setup import DoctorConfig

NAME = "clock"
_DAEMONS = {"chronyd", "ntpd", "ntpsec", "openntpd"}
_SLOW_SOURCES = {"hpet", "acpi_pm", "jiffies"}


def check(machine: Machine, setup: DoctorConfig) -> Finding:
    """Its date is kept by the network, and reading the time is quick."""
    del setup
    source = machine.read("/sys/devices/system/clocksource/clocksource0/current_clocksource")
    if source in _SLOW_SOURCES:
        return warning(
            NAME,
            f"clock source {source}",
            why="reading the time takes microseconds and is coarse; periods jitter",
            mend="choose tsc in the kernel's command line (clocksource=tsc), or look in dmesg why it was refused",
        )
    names = {machine.read(f"/proc/{path.parent.name}/comm") for path in machine.glob("/proc/[0-9]*/comm")}
    if machine.path("/run/systemd/timesync/synchronized").exists() or names & _DAEMONS:
        return ok(NAME, "kept by the network" + (f", source {source}" if source else ""))
    return warning(
        NAME,
        "not kept by the network",
        why="dates of episodes and log lines of two machines drift apart; the control loop does not use the date",
        mend="sudo apt-get install -y chrony",
    )
