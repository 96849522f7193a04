"""Cameras on the USB, and what they ask of it."""

import pytest

from clam_robot.doctor import cameras, usb_bandwidth
from clam_robot.doctor.finding import Status
from clam_robot.doctor.setup import DoctorConfig
from tests.clam_robot.doctor.fake_machine import FakeMachine

REALSENSE = ("8086", "0b3a")
SETUP = DoctorConfig()


@pytest.mark.parametrize(("wanted", "status"), [(0, Status.OK), (2, Status.OK), (3, Status.PROBLEM)])
def test_cameras_are_counted_and_named(fake: FakeMachine, wanted: int, status: Status) -> None:
    fake.usb("2-1", *REALSENSE, name="RealSense D435i", speed=5000, video=True)
    fake.usb("1-3", "046d", "0825", name="C270", video=True)
    fake.usb("1-4", "046d", "c52b", name="Receiver")
    found = cameras.check(fake.machine(), DoctorConfig(num_cameras=wanted))
    assert found.status is status and "C270" in found.found and "D435i" in found.found
    assert "Receiver" not in found.found


def test_without_cameras_there_is_no_bandwidth_to_look_at(fake: FakeMachine) -> None:
    fake.usb("1-4", "046d", "c52b", name="Receiver")
    assert usb_bandwidth.check(fake.machine(), SETUP).status is Status.SKIPPED


@pytest.mark.parametrize(("speed", "status"), [(480, Status.PROBLEM), (5000, Status.OK), (10000, Status.OK)])
def test_a_realsense_wants_usb_3(fake: FakeMachine, speed: int, status: Status) -> None:
    fake.usb("2-1", *REALSENSE, name="RealSense D435i", speed=speed, video=True)
    found = usb_bandwidth.check(fake.machine(), SETUP)
    assert found.status is status and f"at {speed} Mbit/s" in found.found


@pytest.mark.parametrize(
    ("places", "status"), [(("1-1",), Status.OK), (("1-1", "1-2"), Status.WARNING), (("1-1", "3-1"), Status.OK)]
)
def test_two_webcams_on_one_bus_are_too_many(fake: FakeMachine, places: tuple[str, ...], status: Status) -> None:
    for place in places:
        fake.usb(place, "046d", "0825", name="C270", video=True)
    assert usb_bandwidth.check(fake.machine(), SETUP).status is status
