"""The USB camera through OpenCV's real V4L2 code, on a device that is answered for by `v4l2_camera.c`.

Run by `test_usb_camera.py` in a process that has the device preloaded.
"""

import ctypes
import itertools
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from clam_robot.errors import CameraSilent, CameraUnavailable
from clam_robot.hardware.cameras.camera import Camera
from clam_robot.hardware.cameras.camera_thread import CameraThread
from clam_robot.hardware.cameras.setup import UsbSetup
from clam_robot.hardware.cameras.usb_camera import UsbCamera
from clam_robot.hardware.cameras.v4l2_devices import V4l2Device
from clam_robot.testing.camera_contract import PATIENCE, CameraContract
from clam_robot.timing import MonotonicClock
from tests.programs import WITHIN, wait_for

CLOCK = MonotonicClock()
FRAMES = Path(os.environ["V4L2_FRAMES"])
DEVICE = ctypes.CDLL(os.environ["LD_PRELOAD"])
COLOURS = [(200, 40 + 20 * k, 10) for k in range(5)]  # RGB
Fault = Callable[[str | None], None]


@pytest.fixture(scope="module", autouse=True)
def frames() -> None:
    for k, colour in enumerate(COLOURS):
        cv2.imwrite(str(FRAMES / f"{k}.jpg"), np.full((480, 640, 3), colour[::-1], np.uint8))


@pytest.fixture
def fault(request: pytest.FixtureRequest) -> Fault:
    def set_fault(name: str | None) -> None:
        file = FRAMES / "fault"
        if name is None:
            file.unlink(missing_ok=True)
        else:
            (FRAMES / "next").write_text(name)
            (FRAMES / "next").rename(file)

    set_fault(None)
    request.addfinalizer(lambda: set_fault(None))
    return set_fault


@pytest.fixture
def setup(tmp_path: Path, fault: Fault) -> UsbSetup:
    """By a link that stays, as in /dev/v4l/by-id."""
    (tmp_path / "video7").touch()
    (tmp_path / "usb-Webcam-video-index0").symlink_to(tmp_path / "video7")
    return UsbSetup(path=str(tmp_path / "usb-Webcam-video-index0"))


@pytest.fixture
def camera(setup: UsbSetup, request: pytest.FixtureRequest) -> UsbCamera:
    camera = UsbCamera(setup, CLOCK)
    request.addfinalizer(camera.close)
    camera.open()
    return camera


class TestUsbCamera(CameraContract):
    @pytest.fixture(autouse=True)
    def _keep_setup(self, setup: UsbSetup) -> None:
        self.setup = setup

    def make_camera(self) -> Camera:
        return UsbCamera(self.setup, CLOCK)


def test_frames_come_in_order_and_in_their_colours(camera: UsbCamera) -> None:
    greens = []
    for _ in range(6):
        red, green, blue = camera.read(PATIENCE).image.mean(axis=(0, 1))
        assert (red, blue) == pytest.approx((200, 10), abs=3)
        greens.append(round((green - 40) / 20))
    assert all((b - a) % 5 for a, b in itertools.pairwise(greens)), "a frame came twice"


def test_times_are_the_drivers(camera: UsbCamera) -> None:
    frames = [camera.read(PATIENCE) for _ in range(5)]
    assert camera.time_source == "driver"
    before = CLOCK.now()
    assert all(0 <= before - frame.time < PATIENCE for frame in frames)


def test_times_of_another_clock_give_way_to_the_arrival(camera: UsbCamera, fault: Fault) -> None:
    fault("wall")
    camera.read(PATIENCE)
    camera.read(PATIENCE)
    before = CLOCK.now()
    frame = camera.read(PATIENCE)
    assert camera.time_source == "arrival"
    assert before <= frame.time <= CLOCK.now()


def test_two_buffers_are_asked_for(camera: UsbCamera) -> None:
    camera.read(PATIENCE)
    assert ctypes.c_int.in_dll(DEVICE, "num_buffers").value == 2


def test_the_exposure_is_fixed(setup: UsbSetup) -> None:
    camera = UsbCamera(replace(setup, exposure=0.008), CLOCK)
    camera.open()
    camera.close()
    assert ctypes.c_int.in_dll(DEVICE, "auto_exposure").value == 1
    assert ctypes.c_int.in_dll(DEVICE, "exposure").value == 80


def test_silence_is_told_in_time_and_may_end(camera: UsbCamera, fault: Fault) -> None:
    camera.read(PATIENCE)
    fault("silent")
    with pytest.raises(CameraSilent, match="no frame from"):
        camera.read(0.05)
    fault(None)
    camera.read(PATIENCE)


def test_half_a_picture_is_no_picture(camera: UsbCamera, fault: Fault) -> None:
    camera.read(PATIENCE)
    fault("broken")
    with pytest.raises(CameraSilent, match="a damaged picture"):
        for _ in range(3):  # the frame that was taken before
            camera.read(PATIENCE)
    fault(None)
    wait_for(lambda: camera.read(PATIENCE).image.shape == (480, 640, 3), "a picture")


def test_unplugging_is_told(camera: UsbCamera, fault: Fault) -> None:
    camera.read(PATIENCE)
    fault("unplugged")
    with pytest.raises(CameraUnavailable, match="sends nothing; unplug it"):
        camera.read(PATIENCE)


def test_a_device_that_went_away_without_a_word_is_told(camera: UsbCamera, setup: UsbSetup, fault: Fault) -> None:
    fault("silent")
    Path(setup.path or "").unlink()
    with pytest.raises(CameraUnavailable, match="was unplugged"):
        camera.read(0.05)


def test_its_thread_brings_it_back_when_it_is_plugged_in_again(setup: UsbSetup, fault: Fault) -> None:
    thread = CameraThread("table", UsbCamera(setup, CLOCK), CLOCK, first_backoff=0.01)
    thread.start()
    try:
        thread.wait_for_first(WITHIN)
        fault("unplugged")
        wait_for(lambda: isinstance(thread.problem, CameraUnavailable), "the loss")
        fault(None)
        wait_for(lambda: thread.problem is None, "its return")
        assert thread.statistics().num_reconnects >= 1
    finally:
        thread.end()


def test_a_device_in_use_is_told_with_who_to_ask(setup: UsbSetup, fault: Fault) -> None:
    fault("busy")
    with pytest.raises(CameraUnavailable, match=r"does another program use it\? `fuser"):
        UsbCamera(setup, CLOCK).open()


def test_a_size_it_does_not_have_is_told_with_the_nearest(setup: UsbSetup) -> None:
    with pytest.raises(CameraUnavailable, match="no images of 1280 x 720, the nearest are 640 x 480"):
        UsbCamera(replace(setup, width=1280, height=720), CLOCK).open()


def test_a_format_it_does_not_send_is_told(setup: UsbSetup) -> None:
    with pytest.raises(CameraUnavailable, match="does not send YUYV"):
        UsbCamera(replace(setup, pixels="YUYV"), CLOCK).open()


def test_a_camera_is_found_by_its_serial_number(setup: UsbSetup) -> None:
    device = V4l2Device(path=Path(setup.path or ""), name="Webcam", serial="1F9A", link=None)
    camera = UsbCamera(UsbSetup(serial="1F9A"), CLOCK, devices=lambda: [device])
    camera.open()
    camera.read(PATIENCE)
    camera.close()
    with pytest.raises(CameraUnavailable, match=r"no USB camera with serial 1F9A is connected; there are: none"):
        UsbCamera(UsbSetup(serial="1F9A"), CLOCK, devices=list).open()
