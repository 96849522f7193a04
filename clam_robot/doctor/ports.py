"""TCP ports that the programs listen on."""

from clam_robot.doctor.finding import Finding, ok, warning
from clam_robot.doctor.machine import Machine
from clam_robot.doctor.setup import DoctorConfig

NAME = "ports"
_LISTENING = "0A"


def check(machine: Machine, setup: DoctorConfig) -> Finding:
    """Nobody has taken them."""
    taken = sorted(set(setup.listening) & _listening(machine))
    if not taken:
        return ok(NAME, f"{', '.join(map(str, setup.listening))} free")
    filters = " or ".join(f"sport = :{port}" for port in taken)
    return warning(
        NAME,
        f"taken: {', '.join(map(str, taken))}",
        why="a program that wants one ends at once; harmless where it is ours that runs already",
        mend=f"see who has it: sudo ss -ltnp '{filters}'; end it (clam down), or give another port",
    )


def _listening(machine: Machine) -> set[int]:
    """Ports of /proc/net/tcp and tcp6: the second column ends with the port, the fourth is the state."""
    ports: set[int] = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in (machine.read(table) or "").splitlines()[1:]:
            columns = line.split()
            if columns[3] == _LISTENING:
                ports.add(int(columns[1].rpartition(":")[2], 16))
    return ports
