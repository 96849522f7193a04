"""The servos' adapter: its rule, its port, its timer, and who may open it."""

import os
from pathlib import Path

import pytest

from clam_robot.doctor import latency_timer, permissions, servo_adapter, udev_rule
from clam_robot.doctor.finding import Status
from clam_robot.doctor.setup import DoctorConfig
from tests.clam_robot.doctor.fake_machine import FakeMachine

SETUP = DoctorConfig()
SHIPPED = Path(__file__).parents[3] / "docker/99-clam-robot.rules"


def test_the_shipped_rule_is_one(fake: FakeMachine) -> None:
    assert udev_rule.check(fake.machine(), SETUP).status is Status.PROBLEM
    fake.write("/etc/udev/rules.d/99-clam-robot.rules", SHIPPED.read_text())
    found = udev_rule.check(fake.machine(), SETUP)
    assert found.status is Status.OK and "99-clam-robot.rules" in found.found


def test_a_rule_that_is_commented_out_is_none(fake: FakeMachine) -> None:
    rule = '#SUBSYSTEM=="tty", ATTRS{idVendor}=="0403", ATTRS{idProduct}=="6014", SYMLINK+="ttyDXL"'
    fake.write("/etc/udev/rules.d/50-servos.rules", rule)
    found = udev_rule.check(fake.machine(), SETUP)
    assert found.status is Status.PROBLEM and str(SHIPPED.name) in found.mend and SHIPPED.exists()


def test_an_adapter_that_is_not_plugged_in_is_missed(fake: FakeMachine) -> None:
    fake.usb("1-1", "046d", "c52b")
    found = servo_adapter.check(fake.machine(), SETUP)
    assert found.status is Status.PROBLEM and "no U2D2" in found.found


def test_an_adapter_without_its_name_points_to_the_rule(fake: FakeMachine) -> None:
    fake.usb("1-2", "0403", "6014")
    found = servo_adapter.check(fake.machine(), SETUP)
    assert found.status is Status.PROBLEM and "USB 1-2, but no /dev/ttyDXL" in found.found
    assert found.mend == udev_rule.INSTALL


def test_an_adapter_with_its_name_is_fine(fake: FakeMachine) -> None:
    fake.adapter()
    assert servo_adapter.check(fake.machine(), SETUP).status is Status.OK


def test_two_adapters_with_one_name_are_told_apart_by_a_rule(fake: FakeMachine) -> None:
    fake.adapter()
    fake.usb("1-3", "0403", "6014")
    found = servo_adapter.check(fake.machine(), SETUP)
    assert found.status is Status.PROBLEM and "2 U2D2s on USB 1-2, 1-3, but no /dev/ttyDXL_leader" in found.found
    assert "ttyDXL_leader" in SHIPPED.read_text()
    fake.write("/dev/ttyDXL_leader")
    assert servo_adapter.check(fake.machine(), SETUP).status is Status.OK


@pytest.mark.parametrize(("latency", "status"), [(1, Status.OK), (16, Status.PROBLEM), (2, Status.PROBLEM)])
def test_the_timer_is_that_of_the_linked_port(fake: FakeMachine, latency: int, status: Status) -> None:
    fake.adapter(latency=latency)
    fake.write("/sys/bus/usb-serial/devices/ttyUSB1/latency_timer", "1")
    found = latency_timer.check(fake.machine(), SETUP)
    assert found.status is status and f"{latency} ms (ttyUSB0)" in found.found
    assert status is Status.OK or "/sys/bus/usb-serial/devices/ttyUSB0/latency_timer" in found.mend


def test_without_a_port_there_is_no_timer_to_look_at(fake: FakeMachine) -> None:
    assert latency_timer.check(fake.machine(), SETUP).status is Status.SKIPPED


@pytest.mark.parametrize(
    ("mode", "owner", "is_member", "is_open"),
    [
        (0o660, "other", True, True),
        (0o660, "other", False, False),
        (0o600, "other", True, False),
        (0o666, "other", False, True),
        (0o600, "user", False, True),
        (0o060, "user", True, False),
    ],
)
def test_permissions_are_those_of_the_user(
    fake: FakeMachine, mode: int, owner: str, is_member: bool, is_open: bool
) -> None:
    fake.adapter()
    port = fake.root / "dev/ttyUSB0"
    port.chmod(mode)
    user, group = port.stat().st_uid, port.stat().st_gid
    machine = fake.machine(uid=user if owner == "user" else user + 1, groups={group} if is_member else {group + 1})
    if machine.uid == 0:
        os.chown(port, 1, group)
        machine = fake.machine(uid=1, groups=machine.groups)
    found = permissions.check(machine, SETUP)
    assert (found.status is Status.OK) == is_open
    assert is_open or ("usermod -aG dialout" in found.mend and "ttyDXL" in found.found)


def test_cameras_need_the_group_video(fake: FakeMachine) -> None:
    fake.write("/dev/video0").chmod(0o600)
    found = permissions.check(fake.machine(uid=54321), SETUP)
    assert found.status is Status.PROBLEM and "usermod -aG video" in found.mend


def test_root_may_open_everything(fake: FakeMachine) -> None:
    fake.adapter()
    (fake.root / "dev/ttyUSB0").chmod(0)
    assert permissions.check(fake.machine(uid=0), SETUP).status is Status.OK
