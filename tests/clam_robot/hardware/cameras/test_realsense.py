"""The RealSense through librealsense's real context, pipeline and alignment; only its sensors are software."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pyrealsense2
import pytest

from clam_robot.errors import CameraSilent, CameraUnavailable
from clam_robot.hardware.cameras.camera import Camera, Frame
from clam_robot.hardware.cameras.camera_thread import CameraThread
from clam_robot.hardware.cameras.realsense import RealSense, RealSenseDevice, realsense_devices
from clam_robot.hardware.cameras.setup import RealSenseSetup
from clam_robot.testing.camera_contract import PATIENCE, CameraContract
from clam_robot.timing import MonotonicClock
from tests.clam_robot.hardware.cameras.software_realsense import (
    BAR,
    BASELINE,
    FAR,
    FOCAL,
    FPS,
    HEIGHT,
    NEAR,
    SERIAL,
    WIDTH,
    SoftwareRealSense,
)
from tests.programs import WITHIN, wait_for

RS: Any = pyrealsense2
EDGE = 2  # where alignment fills in or leaves out [pixel]
CLOCK = MonotonicClock()
SETUP = RealSenseSetup(serial=SERIAL, width=WIDTH, height=HEIGHT, fps=float(FPS))


@pytest.fixture
def device() -> Iterator[SoftwareRealSense]:
    device = SoftwareRealSense(clock=CLOCK.now, start=3000.0)
    yield device
    device.close()


class TestRealSense(CameraContract):
    @pytest.fixture(autouse=True)
    def _plug_in(self, device: SoftwareRealSense) -> None:
        self.device = device

    def make_camera(self) -> Camera:
        return RealSense(replace(SETUP, depth=True), CLOCK, context=self.device.context)


def opened(device: SoftwareRealSense, setup: RealSenseSetup, request: pytest.FixtureRequest) -> RealSense:
    camera = RealSense(setup, CLOCK, context=device.context)
    request.addfinalizer(camera.close)
    camera.open()
    return camera


def test_depth_is_brought_into_the_colour_image(device: SoftwareRealSense, request: pytest.FixtureRequest) -> None:
    frame = opened(device, replace(SETUP, depth=True), request).read(PATIENCE)
    assert frame.depth is not None
    row = frame.depth[HEIGHT // 2]
    metres = FOCAL * BASELINE / frame.depth_unit
    near, far = round(metres / NEAR), round(metres / FAR)  # how far each is shifted [pixel]
    assert near == 30 and far == 15
    np.testing.assert_array_equal(row[BAR.start + near : BAR.stop + near], NEAR)
    np.testing.assert_array_equal(row[BAR.stop + near + EDGE :], FAR)
    np.testing.assert_array_equal(row[far + EDGE : BAR.start + far], FAR)
    assert (row[: far - EDGE] == 0).all(), "what only the colour sensor sees has no depth"
    np.testing.assert_array_equal(frame.image[5, 5, 1:], (20, 200))


def test_frames_hold_none_of_librealsenses_buffers(device: SoftwareRealSense, request: pytest.FixtureRequest) -> None:
    frame = opened(device, replace(SETUP, depth=True), request).read(PATIENCE)
    assert frame.depth is not None
    assert frame.image.flags.owndata and frame.depth.flags.owndata


def test_without_depth_none_is_computed(device: SoftwareRealSense, request: pytest.FixtureRequest) -> None:
    assert opened(device, SETUP, request).read(PATIENCE).depth is None


def errors(device: SoftwareRealSense, frames: list[Frame]) -> np.ndarray:
    return np.array([frame.time - device.captured[frame.sequence or 0] for frame in frames])


def test_hardware_stamps_become_robot_time(device: SoftwareRealSense, request: pytest.FixtureRequest) -> None:
    camera = opened(device, SETUP, request)
    frames = [camera.read(PATIENCE) for _ in range(60)]
    late = errors(device, frames)
    assert (late >= 0).all()
    # The fastest frame so far is the measure: what hung by a stall of the machine is put right from then on.
    assert (late[1:] <= np.minimum.accumulate(late)[:-1] + 1e-6).all()
    assert camera.time_source == "device"


def test_stamps_that_librealsense_brought_to_the_wall_clock_become_robot_time(
    device: SoftwareRealSense, request: pytest.FixtureRequest
) -> None:
    device.domain = RS.timestamp_domain.global_time
    device.stamp_of = lambda now: now + time.clock_gettime(time.CLOCK_REALTIME) - CLOCK.now()
    camera = opened(device, SETUP, request)
    late = errors(device, [camera.read(PATIENCE) for _ in range(20)])
    assert np.median(np.abs(late)) < 1e-3


def test_stamps_of_another_wall_clock_give_way_to_the_arrival(
    device: SoftwareRealSense, request: pytest.FixtureRequest
) -> None:
    device.domain = RS.timestamp_domain.system_time
    device.stamp_of = lambda now: now
    camera = opened(device, SETUP, request)
    assert (errors(device, [camera.read(PATIENCE) for _ in range(5)]) > 0).all()
    assert camera.time_source == "arrival"


def test_the_middle_of_the_exposure_counts_where_it_is_told(
    device: SoftwareRealSense, request: pytest.FixtureRequest
) -> None:
    device.domain = RS.timestamp_domain.global_time
    device.stamp_of = lambda now: now + time.clock_gettime(time.CLOCK_REALTIME) - CLOCK.now()
    device.tell_exposure(0.1)
    camera = opened(device, SETUP, request)
    assert np.median(errors(device, [camera.read(PATIENCE) for _ in range(20)])) == pytest.approx(-0.1, abs=1e-3)


def test_the_exposure_is_fixed(device: SoftwareRealSense, request: pytest.FixtureRequest) -> None:
    opened(device, replace(SETUP, exposure=0.008), request)
    assert device.options() == {"exposure": 80.0, "enable_auto_exposure": 0.0}


def test_no_camera_is_told_with_a_remedy() -> None:
    with pytest.raises(CameraUnavailable, match="no RealSense is connected; plug it into"):
        RealSense(SETUP, CLOCK).open()


def test_another_serial_number_is_told_with_those_there_are(device: SoftwareRealSense) -> None:
    with pytest.raises(CameraUnavailable, match=f"no RealSense 42 is connected; there are {SERIAL}"):
        RealSense(replace(SETUP, serial="42"), CLOCK, context=device.context).open()


def test_the_only_one_needs_no_serial_number(device: SoftwareRealSense, request: pytest.FixtureRequest) -> None:
    camera = opened(device, replace(SETUP, serial=None), request)
    camera.read(PATIENCE)
    assert camera.serial == SERIAL


def test_a_size_it_does_not_have_is_told_with_those_it_has(device: SoftwareRealSense) -> None:
    camera = RealSense(replace(SETUP, width=123), CLOCK, context=device.context)
    with pytest.raises(CameraUnavailable, match=rf"no images of 123 x 480 at {FPS} Hz; it has 640 x 480 at {FPS}"):
        camera.open()


def test_a_slow_port_is_refused_unless_allowed(request: pytest.FixtureRequest) -> None:
    device = SoftwareRealSense(clock=CLOCK.now, usb="2.1")
    request.addfinalizer(device.close)
    with pytest.raises(CameraUnavailable, match=r"over USB 2\.1, expected 3"):
        RealSense(SETUP, CLOCK, context=device.context).open()
    opened(device, replace(SETUP, allow_usb2=True), request).read(PATIENCE)


def test_silence_and_unplugging_are_told_apart(device: SoftwareRealSense, request: pytest.FixtureRequest) -> None:
    there = realsense_devices(device.context)
    # A pipeline holds on to a software device, so the context goes on to list it.
    camera = RealSense(SETUP, CLOCK, context=device.context, devices=lambda _: there)
    request.addfinalizer(camera.close)
    camera.open()
    camera.read(PATIENCE)
    device.is_silent = True
    with pytest.raises(CameraSilent):
        for _ in range(100):
            camera.read(0.1)
    there.clear()
    with pytest.raises(CameraUnavailable, match="unplugged"):
        camera.read(0.1)


def test_its_thread_brings_it_back_when_it_is_plugged_in_again(device: SoftwareRealSense) -> None:
    thread = CameraThread("wrist", RealSense(SETUP, CLOCK, context=device.context), CLOCK, first_backoff=0.01)
    thread.start()
    try:
        thread.wait_for_first(WITHIN)
        device.unplug()
        wait_for(lambda: isinstance(thread.problem, CameraUnavailable), "the loss")
        device.plug_in()
        wait_for(lambda: thread.problem is None, "its return")
        assert thread.statistics().num_reconnects >= 1
    finally:
        thread.end()


def test_it_is_listed(device: SoftwareRealSense) -> None:
    expected = RealSenseDevice(serial=SERIAL, name="Software D435", firmware="5.16.0.1", usb="3.2")
    assert realsense_devices(device.context) == [expected]
    assert realsense_devices() == []
