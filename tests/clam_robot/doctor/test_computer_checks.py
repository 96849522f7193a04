"""Disk, clock, processor, ports, packages, graphics card."""

import shlex
from pathlib import Path

import pytest

from clam_robot.doctor import clock_sync, cpu_governor, disk, gpu, ports, real_time, versions
from clam_robot.doctor.disk_speed import write_speed
from clam_robot.doctor.finding import Status
from clam_robot.doctor.setup import DoctorConfig, Role
from clam_robot.doctor.survey import CHECKS, survey
from clam_robot.errors import ConfigError
from clam_robot.timing import ManualClock
from tests.clam_robot.doctor.fake_machine import FakeMachine

SETUP = DoctorConfig()
GIB = 2**30


@pytest.mark.parametrize(
    ("free", "speed", "status"),
    [(100, 500e6, Status.OK), (19.9, 500e6, Status.PROBLEM), (100, 49e6, Status.WARNING)],
)
def test_a_disk_is_large_and_quick_enough(
    fake: FakeMachine, tmp_path: Path, free: float, speed: float, status: Status
) -> None:
    machine = fake.machine(free_bytes=lambda _: int(free * GIB), write_speed=lambda _: speed)
    found = disk.check(machine, DoctorConfig(data=tmp_path / "not" / "yet"))
    assert found.status is status and str(tmp_path) in found.found and "not" not in found.found.split(str(tmp_path))[1]


def test_a_disk_that_may_not_be_written_is_told(fake: FakeMachine, tmp_path: Path) -> None:
    def refuse(folder: Path) -> float:
        raise PermissionError(13, "Permission denied", str(folder))

    found = disk.check(fake.machine(write_speed=refuse), DoctorConfig(data=tmp_path))
    assert found.status is Status.PROBLEM and "Permission denied" in found.found


def test_nobody_is_told_to_own_what_is_above_a_folder_that_is_not_there(fake: FakeMachine, tmp_path: Path) -> None:
    def refuse(folder: Path) -> float:
        raise PermissionError(13, "Permission denied", str(folder))

    wanted = tmp_path / "robot's data"
    found = disk.check(fake.machine(write_speed=refuse), DoctorConfig(data=wanted))
    assert found.mend.startswith(f"sudo install -d -o $USER {shlex.quote(str(wanted))}, or give another folder")


def test_what_cannot_be_read_ends_no_check(fake: FakeMachine) -> None:
    at = ("/etc/udev/rules.d/50.rules", "/sys/bus/usb/devices/1-2:1.0/bInterfaceClass")
    for path in (*at, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"):
        (fake.root / path.lstrip("/")).mkdir(parents=True)
    fake.write("/sys/bus/usb/devices/1-2/idVendor", "8086")
    assert len(survey(fake.machine(), SETUP)) == len(CHECKS["robot"])


def test_speed_is_bytes_by_time(tmp_path: Path) -> None:
    class Ticking(ManualClock):
        def now(self) -> float:
            self.advance(0.25)
            return super().now()

    assert write_speed(tmp_path, Ticking()) == 64 * 2**20 / 0.25
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("daemon", ["chronyd", "ntpd", None])
def test_a_date_kept_by_the_network_is_fine(fake: FakeMachine, daemon: str | None) -> None:
    assert clock_sync.check(fake.machine(), SETUP).status is Status.WARNING
    if daemon is None:
        fake.write("/run/systemd/timesync/synchronized")
    else:
        fake.write("/proc/77/comm", daemon)
    assert clock_sync.check(fake.machine(), SETUP).status is Status.OK


def test_a_coarse_clock_source_is_told(fake: FakeMachine) -> None:
    fake.write("/proc/77/comm", "chronyd")
    fake.write("/sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet")
    found = clock_sync.check(fake.machine(), SETUP)
    assert found.status is Status.WARNING and "hpet" in found.found


@pytest.mark.parametrize(
    ("governors", "status"),
    [
        ((), Status.OK),
        (("performance", "performance"), Status.OK),
        (("performance", "powersave"), Status.WARNING),
    ],
)
def test_every_core_counts(fake: FakeMachine, governors: tuple[str, ...], status: Status) -> None:
    for core, governor in enumerate(governors):
        fake.write(f"/sys/devices/system/cpu/cpu{core}/cpufreq/scaling_governor", governor)
    found = cpu_governor.check(fake.machine(), SETUP)
    assert found.status is status and (status is Status.OK or "powersave" in found.found)


@pytest.mark.parametrize(
    ("limit", "uid", "status"), [("0", 1000, Status.WARNING), ("50", 1000, Status.OK), ("0", 0, Status.OK)]
)
def test_real_time_rights_are_read_off_the_limits(fake: FakeMachine, limit: str, uid: int, status: Status) -> None:
    fake.write("/proc/self/limits", f"Max nice priority         0   0\nMax realtime priority     {limit}   {limit}")
    assert real_time.check(fake.machine(uid=uid), SETUP).status is status


TABLE = """  sl  local_address rem_address   st tx_queue
   0: 0100007F:1F40 00000000:0000 {} 00000000:00000000
   1: 0100007F:A001 0100007F:1F90 01 00000000:00000000"""


@pytest.mark.parametrize("table", ["tcp", "tcp6"])
@pytest.mark.parametrize(("state", "status"), [("0A", Status.WARNING), ("01", Status.OK)])
def test_a_port_is_taken_where_somebody_listens(fake: FakeMachine, table: str, state: str, status: Status) -> None:
    fake.write(f"/proc/net/{table}", TABLE.format(state))
    found = ports.check(fake.machine(), SETUP)
    assert found.status is status
    assert status is Status.OK or ("taken: 8000" in found.found and "sport = :8000" in found.mend)


@pytest.mark.parametrize(
    ("role", "expected"),
    [("robot", "8000, 8080, 11311 free"), ("server", "8000 free"), ("sim", "8000, 8080, 8100, 11311 free")],
)
def test_each_role_has_its_ports(fake: FakeMachine, role: Role, expected: str) -> None:
    assert ports.check(fake.machine(), DoctorConfig(role=role)).found == expected
    assert ports.check(fake.machine(), DoctorConfig(role=role, ports=(9000,))).found == "9000 free"


def test_packages_are_compared_with_their_pins(fake: FakeMachine, tmp_path: Path) -> None:
    lock = tmp_path / "constraints.txt"
    lock.write_text("# pins\nnumpy==2.4.6\ntorch==2.13.0\nabsent==1.0\n")
    installed = {"numpy": "2.4.6", "torch": "2.13.0+cpu"}
    assert versions.compare(fake.machine(version=installed.get), lock).status is Status.OK
    found = versions.compare(fake.machine(version=(installed | {"numpy": "1.26.4"}).get), lock)
    assert found.status is Status.WARNING and found.found == "numpy 1.26.4 for 2.4.6"
    assert versions.compare(fake.machine(), tmp_path / "none").status is Status.OK


def test_a_graphics_card_wants_its_driver(fake: FakeMachine) -> None:
    assert gpu.check(fake.machine(), SETUP).status is Status.WARNING
    for name, kind in (("0000:01:00.0", "0x030000"), ("0000:01:00.1", "0x040300")):
        fake.write(f"/sys/bus/pci/devices/{name}/vendor", "0x10de")
        fake.write(f"/sys/bus/pci/devices/{name}/class", kind)
    found = gpu.check(fake.machine(), SETUP)
    assert found.status is Status.PROBLEM and found.found == "NVIDIA card on PCI 0000:01:00.0, no driver"
    fake.write("/proc/driver/nvidia/version", "NVRM version: 590.1\nGCC version: 12")
    fake.write("/dev/nvidia0")
    found = gpu.check(fake.machine(), SETUP)
    assert found.status is Status.OK and found.found == "1 with driver NVRM version: 590.1"
    found = gpu.check(fake.machine(version={"torch": "2.13.0+cpu"}.get), SETUP)
    assert found.status is Status.PROBLEM and found.found.endswith("but torch 2.13.0+cpu")
    (fake.root / "dev/nvidia0").unlink()
    found = gpu.check(fake.machine(), SETUP)
    assert found.status is Status.PROBLEM and found.found.endswith("but no /dev/nvidia0")


def test_a_card_of_another_maker_is_none(fake: FakeMachine) -> None:
    fake.write("/sys/bus/pci/devices/0000:00:02.0/vendor", "0x8086")
    fake.write("/sys/bus/pci/devices/0000:00:02.0/class", "0x030000")
    assert gpu.check(fake.machine(), SETUP).status is Status.WARNING


def test_fewer_than_no_cameras_are_refused() -> None:
    with pytest.raises(ConfigError, match="num_cameras"):
        DoctorConfig(num_cameras=-1)
