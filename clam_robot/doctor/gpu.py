"""A graphics card for training and large policies."""

from clam_robot.doctor.finding import Finding, ok, problem, warning
from clam_robot.doctor.machine import Machine
from clam_robot.doctor.setup import DoctorConfig

NAME = "GPU"
_NVIDIA = "0x10de"
_DISPLAY = ("0x0300", "0x0302")  # PCI classes of graphics and of 3D


def check(machine: Machine, setup: DoctorConfig) -> Finding:
    """One is there, and so is its driver."""
    del setup
    cards = [
        path.name
        for path in machine.glob("/sys/bus/pci/devices/*")
        if machine.read(f"/sys/bus/pci/devices/{path.name}/vendor") == _NVIDIA
        and (machine.read(f"/sys/bus/pci/devices/{path.name}/class") or "").startswith(_DISPLAY)
    ]
    driver = machine.read("/proc/driver/nvidia/version")
    if driver is not None:
        return _with_driver(machine, driver.splitlines()[0][:100])
    if cards:
        return problem(
            NAME,
            f"NVIDIA card on PCI {', '.join(cards)}, no driver",
            why="torch computes on the CPU meanwhile",
            mend="sudo apt-get install -y nvidia-driver firmware-misc-nonfree, then restart",
        )
    return warning(
        NAME,
        "none",
        why="training with images is slow on a CPU; policies on states, and all of the simulation, do without",
        mend="train on another machine, and copy the checkpoint here",
    )


def _with_driver(machine: Machine, driver: str) -> Finding:
    """Its devices are there, and torch was built for them."""
    num_devices = len(machine.glob("/dev/nvidia[0-9]*"))
    if not num_devices:
        return problem(
            NAME,
            f"driver {driver}, but no /dev/nvidia0",
            why="programs reach the card through it; torch computes on the CPU meanwhile",
            mend="sudo nvidia-modprobe -u -c=0; in a container, start it with -f docker/compose.gpu.yaml",
        )
    torch = machine.version("torch") or ""
    if torch.endswith("+cpu"):
        return problem(
            NAME,
            f"{num_devices} with driver {driver}, but torch {torch}",
            why="this torch was built without CUDA, and leaves the card alone",
            mend=f"pip install --force-reinstall torch=={torch.partition('+')[0]}, from an index whose build has CUDA",
        )
    return ok(NAME, f"{num_devices} with driver {driver}")
