"""A device read in a thread: its stop always works, and one that hangs or fails is silent."""

import threading
from collections.abc import Iterator

import pytest

from clam_robot.errors import DeviceUnavailable
from clam_robot.hardware.stop_latch import StopLatch
from clam_robot.timing import MonotonicClock
from teleop.background import BackgroundDevice
from teleop.device import AT_REST, Event, Fingers, Motion, TeleopDevice, silent
from teleop.testing import TeleopDeviceContract
from tests.teleop.fake_device import FakeDevice
from tests.teleop.terminals import wait_until

FORWARDS = (1.0, 0.0, 0.0, 0.0, 0.0, 0.0)


class TestBackgroundDevice(TeleopDeviceContract):
    def make_device(self) -> TeleopDevice:
        self.fake = FakeDevice()
        return BackgroundDevice(self.fake, MonotonicClock(), stale_after=10.0)

    def push(self) -> None:
        self.fake.motion = Motion(twist=FORWARDS)

    def let_go(self) -> None:
        self.fake.motion = Motion()

    def unplug(self) -> None:
        self.fake.motion = silent("unplugged")

    def plug_in(self) -> None:
        self.fake.motion = Motion()

    def wait(self, device: TeleopDevice, *, is_alive: bool = True, is_moving: bool = False) -> Motion:
        found = [device.read()]

        def is_so() -> bool:
            found.append(device.read())
            return found[-1].is_alive is is_alive and (found[-1].twist != AT_REST) is is_moving

        wait_until(is_so)
        return found[-1]


@pytest.fixture
def latch() -> StopLatch:
    return StopLatch()


@pytest.fixture
def fake() -> FakeDevice:
    return FakeDevice()


@pytest.fixture
def device(fake: FakeDevice, latch: StopLatch) -> Iterator[BackgroundDevice]:
    device = BackgroundDevice(fake, MonotonicClock(), latch=latch, stale_after=10.0)
    device.open()
    yield device
    device.close()
    assert not fake.is_open


def wait_for_reads(fake: FakeDevice, count: int = 3) -> None:
    before = fake.num_reads
    wait_until(lambda: fake.num_reads >= before + count)


def test_the_stop_works_while_nobody_reads(device: BackgroundDevice, fake: FakeDevice, latch: StopLatch) -> None:
    fake.motion = Motion(events=(Event.START, Event.STOP))
    wait_until(lambda: latch.cause is not None)
    latch.clear()
    assert device.read().events == (Event.START,)  # a stop that was cleared does not come again
    assert latch.cause is None


def test_what_was_said_between_two_readings_is_not_lost(device: BackgroundDevice, fake: FakeDevice) -> None:
    fake.motion = Motion(events=(Event.START,), gripper=Fingers.CLOSE)
    wait_for_reads(fake)
    fake.motion = Motion(events=(Event.KEEP,), twist=FORWARDS)
    wait_for_reads(fake)
    motion = device.read()
    assert motion == Motion(events=(Event.START, Event.KEEP), gripper=Fingers.CLOSE, twist=FORWARDS)
    assert device.read() == Motion(twist=FORWARDS)


def test_what_it_says_of_the_gripper_before_it_is_lost_is_forgotten(device: BackgroundDevice, fake: FakeDevice) -> None:
    fake.motion = Motion(gripper=Fingers.CLOSE)
    wait_for_reads(fake)
    fake.motion = silent("unplugged")
    wait_for_reads(fake)
    fake.motion = Motion()
    wait_for_reads(fake)
    assert device.read() == Motion()


def test_a_device_that_does_not_open_says_why_to_whoever_opens_it(fake: FakeDevice) -> None:
    fake.error = DeviceUnavailable("no such thing; plug it in")
    device = BackgroundDevice(fake, MonotonicClock())
    with pytest.raises(DeviceUnavailable, match="plug it in"):
        device.open()
    with pytest.raises(DeviceUnavailable, match="not open"):
        device.read()


def test_a_device_that_fails_is_silent(device: BackgroundDevice, fake: FakeDevice) -> None:
    fake.motion = Motion(twist=FORWARDS)
    wait_for_reads(fake)
    fake.error = RuntimeError("its cable")
    wait_until(lambda: not device.read().is_alive)
    assert "its cable" in device.read().note


def test_a_device_that_hangs_is_silent() -> None:
    class Hanging(FakeDevice):
        """Its fourth reading waits for the end of the test."""

        is_over = threading.Event()

        def read(self) -> Motion:
            if self.num_reads == 3:
                self.is_over.wait(60.0)
            return super().read()

    fake = Hanging(Motion(twist=FORWARDS))
    device = BackgroundDevice(fake, MonotonicClock(), stale_after=0.3)
    device.open()
    wait_until(lambda: not device.read().is_alive)
    assert device.read().note == "the device hangs"
    fake.is_over.set()
    wait_until(lambda: device.read().is_alive)
    device.close()
