"""Whether the processor waits in a low gear."""

from clam_robot.doctor.finding import Finding, ok, warning
from clam_robot.doctor.machine import Machine
from clam_robot.doctor.setup import DoctorConfig

NAME = "CPU governor"
_BEST = "performance"


def check(machine: Machine, setup: DoctorConfig) -> Finding:
    """It does not."""
    del setup
    paths = machine.glob("/sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor")
    governors = {text for path in paths if (text := machine.text(path)) is not None}
    if not governors:
        return ok(NAME, "none here, as in a virtual machine: the frequency is not ours to set")
    if governors == {_BEST}:
        return ok(NAME, _BEST)
    return warning(
        NAME,
        ", ".join(sorted(governors)),
        why="a core that idles between two control periods clocks down and wakes late",
        mend=f"echo {_BEST} | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor",
    )
