"""A camera behind V4L2, by OpenCV."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8

from clam_robot.errors import CameraSilent, CameraUnavailable, NotConnected
from clam_robot.hardware.cameras.camera import Frame
from clam_robot.hardware.cameras.setup import UsbSetup
from clam_robot.hardware.cameras.v4l2_devices import V4l2Device, device_of, v4l2_devices
from clam_robot.specs import CameraSpec
from clam_robot.timing import Clock

# One that is being filled and one that is read. With a single one the driver has nowhere to write while we decode, and
# every other frame is lost; with more, a thread that was held up is served old frames.
_NUM_BUFFERS = 2
# A driver's stamp that is older than this on arrival, or lies ahead, is of another clock [s].
_LONGEST_WAY = 1.0
# OpenCV's wait for the very first frame, which has no timeout of its own [s].
os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "3")
_MJPG = "MJPG"
_MANUAL_EXPOSURE = 1  # V4L2_EXPOSURE_MANUAL
_EXPOSURE_UNIT = 1e-4  # of V4L2_CID_EXPOSURE_ABSOLUTE [s]


class UsbCamera:
    """A `Camera` that speaks V4L2: most webcams, and grabbers.

    Frames carry the driver's stamp, CLOCK_MONOTONIC with uvcvideo as with the robot's clock, and the time of their
    arrival where the driver has none that fits; `time_source` says which. OpenCV hides V4L2's count of frames.

    Args:
        setup: which, and how.
        clock: CLOCK_MONOTONIC.
        devices: lists what is connected.
    """

    def __init__(
        self, setup: UsbSetup, clock: Clock, *, devices: Callable[[], list[V4l2Device]] = v4l2_devices
    ) -> None:
        self._setup, self._clock, self._devices = setup, clock, devices
        self._capture: cv2.VideoCapture | None = None
        self._path = Path()
        self._time_source = "driver"

    @property
    def spec(self) -> CameraSpec:
        """Size of its images."""
        return self._setup.spec

    @property
    def fps(self) -> float:
        """Frames per second it is asked for."""
        return self._setup.fps

    @property
    def serial(self) -> str:
        """Its serial number or path."""
        return self._setup.serial or self._setup.path or ""

    @property
    def time_source(self) -> str:
        """Of the newest frame: "driver" or "arrival"."""
        return self._time_source

    def open(self) -> None:
        """Open the device and ask for size, rate and exposure.

        Raises:
            CameraUnavailable: it is missing, taken, may not be read, or has no such size or format.
        """
        if self._capture is not None:
            return
        self._path = self._find()
        number = re.fullmatch(r"video(\d+)", self._path.resolve().name)
        if number is None:
            raise CameraUnavailable(f"{self._path} is not a video device; `clam cameras` lists those there are")
        capture = cv2.VideoCapture(int(number[1]), cv2.CAP_V4L2)
        try:
            if not capture.isOpened():
                raise CameraUnavailable(f"{self._path} {self._reason()}")
            self._configure(capture)
        except CameraUnavailable:
            capture.release()
            raise
        self._capture = capture

    def _find(self) -> Path:
        if self._setup.serial is not None:
            return device_of(self._setup.serial, self._devices()).path
        path = Path(self._setup.path or "")
        if not path.exists():
            there = ", ".join(str(device.link or device.path) for device in self._devices()) or "none"
            raise CameraUnavailable(f"no camera at {path}; is it plugged in? there are: {there}")
        return path

    def _reason(self) -> str:
        if not os.access(self._path, os.R_OK | os.W_OK):
            return "may not be read; add yourself to the group `video` and log in again"
        return f"cannot be opened; does another program use it? `fuser -v {self._path}` names it"

    def _configure(self, capture: cv2.VideoCapture) -> None:
        setup = self._setup
        pixels = cv2.VideoWriter.fourcc(*setup.pixels)
        capture.set(cv2.CAP_PROP_FOURCC, pixels)
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, setup.width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, setup.height)
        capture.set(cv2.CAP_PROP_FPS, setup.fps)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, _NUM_BUFFERS)
        if round(capture.get(cv2.CAP_PROP_FOURCC)) != pixels:
            raise CameraUnavailable(f"{self._path} does not send {setup.pixels}; set `pixels` to MJPG or YUYV")
        # OpenCV shows the frame before where a JPEG is cut off; decoded here, it is refused.
        if setup.pixels == _MJPG:
            capture.set(cv2.CAP_PROP_CONVERT_RGB, 0)
        found = (round(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), round(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)))
        if found != (setup.width, setup.height):
            raise CameraUnavailable(
                f"{self._path} has no images of {setup.width} x {setup.height}, the nearest are {found[0]} x "
                f"{found[1]}; `v4l2-ctl --list-formats-ext -d {self._path}` lists its sizes"
            )
        if setup.exposure is not None and not (
            capture.set(cv2.CAP_PROP_AUTO_EXPOSURE, _MANUAL_EXPOSURE)
            and capture.set(cv2.CAP_PROP_EXPOSURE, round(setup.exposure / _EXPOSURE_UNIT))
        ):
            raise CameraUnavailable(f"the exposure of {self._path} cannot be set; leave `exposure` out")

    def close(self) -> None:
        """Let go of the device."""
        if self._capture is not None:
            self._capture.release()
        self._capture = None

    def read(self, timeout: float) -> Frame:
        """The next frame.

        Raises:
            NotConnected: open() comes first.
            CameraSilent: none came in time, or a damaged one.
            CameraUnavailable: it was unplugged.
        """
        if self._capture is None:
            raise NotConnected(f"camera {self.serial} is not open; call open() first")
        try:
            is_ready, _ = cv2.VideoCapture.waitAny([self._capture], round(timeout * 1e9))
            arrival = self._clock.now()
            is_there, pixels = self._capture.retrieve() if is_ready else (False, None)
        except cv2.error as error:
            raise CameraUnavailable(f"{self._path} {self._loss()} ({error.err or error})") from None
        if not is_there or pixels is None:
            if not self._path.exists():
                raise CameraUnavailable(f"{self._path} {self._loss()}")
            raise CameraSilent(f"no frame from {self._path} in {timeout:g} s")
        return Frame(image=self._decoded(pixels), time=self._time(arrival))

    def _loss(self) -> str:
        return "sends nothing; unplug it and plug it in" if self._path.exists() else "was unplugged"

    def _decoded(self, pixels: np.ndarray) -> UInt8[np.ndarray, "H W 3"]:
        if self._setup.pixels != _MJPG:
            return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB))
        image = cv2.imdecode(pixels, cv2.IMREAD_COLOR_RGB) if pixels.size else None
        if image is None:
            raise CameraSilent(f"a damaged picture from {self._path}; is its cable too long, its USB bus too full?")
        return np.asarray(image)

    def _time(self, arrival: float) -> float:
        assert self._capture is not None
        stamp = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1e3
        is_same_clock = 0.0 <= arrival - stamp < _LONGEST_WAY
        self._time_source = "driver" if is_same_clock else "arrival"
        return (stamp if is_same_clock else arrival) - self._setup.latency
