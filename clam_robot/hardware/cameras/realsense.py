"""RealSense cameras; `pyrealsense2` is imported here only."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyrealsense2

from clam_robot.errors import CameraSilent, CameraUnavailable, NotConnected
from clam_robot.hardware.calibration.intrinsics import Intrinsics
from clam_robot.hardware.cameras.camera import Frame
from clam_robot.hardware.cameras.hardware_clock import HardwareClock
from clam_robot.hardware.cameras.setup import RealSenseSetup
from clam_robot.specs import CameraSpec
from clam_robot.timing import Clock

# The compiled module has no type information.
_RS: Any = pyrealsense2
# The device counts microseconds in 32 bits [s].
_MODULUS = 2**32 / 1e6
# A host's stamp that is older than this on arrival, or lies ahead, does not fit the host's clock any more [s].
_LONGEST_WAY = 0.5
# Of a sensor's exposure: colour modules count as UVC does, stereo modules in microseconds [s].
_EXPOSURE_UNITS = {"RGB Camera": 1e-4}
_STEREO_EXPOSURE_UNIT = 1e-6


@dataclass(frozen=True, kw_only=True)
class RealSenseDevice:
    """A connected RealSense.

    Attributes:
        serial: number.
        name: of the model.
        firmware: version.
        usb: version of the USB link, such as 3.2; empty where it is not known.
    """

    serial: str
    name: str
    firmware: str
    usb: str


def realsense_devices(context: Any | None = None) -> list[RealSenseDevice]:  # noqa: ANN401
    """All that are connected.

    Args:
        context: of librealsense; a new one by default.
    """
    return [_describe(device) for device in (context or _RS.context()).query_devices()]


def _describe(device: Any) -> RealSenseDevice:  # noqa: ANN401
    def info(name: Any) -> str:  # noqa: ANN401
        return device.get_info(name) if device.supports(name) else ""

    return RealSenseDevice(
        serial=info(_RS.camera_info.serial_number),
        name=info(_RS.camera_info.name),
        firmware=info(_RS.camera_info.firmware_version),
        usb=info(_RS.camera_info.usb_type_descriptor),
    )


class RealSense:
    """A `Camera`: colour and, where asked for, depth brought into the colour image.

    Times come from the device: where it stamps by its own clock, the fastest frames tell how that stands to the
    robot's; where librealsense has brought the stamps to the host's wall clock, only the two clocks of the host are
    compared. Where the device tells the middle of the exposure, that is the time.

    Args:
        setup: which, and how.
        clock: the robot's, monotonic.
        context: of librealsense; its own by default.
        devices: lists what is connected, while it streams, too.
    """

    def __init__(
        self,
        setup: RealSenseSetup,
        clock: Clock,
        *,
        context: Any | None = None,  # noqa: ANN401
        devices: Callable[[Any], list[RealSenseDevice]] = realsense_devices,
    ) -> None:
        self._setup, self._clock, self._context, self._devices = setup, clock, context, devices
        self._device_clock = HardwareClock(modulus=_MODULUS)
        self._pipeline: Any = None
        self._align: Any = None
        self._found: RealSenseDevice | None = None
        self._time_source = "device"
        self._last_number: int | None = None

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
        """Its serial number; empty before it is opened where none was asked for."""
        return self._setup.serial or (self._found.serial if self._found else "")

    @property
    def time_source(self) -> str:
        """Of the newest frame: "arrival" where the device's stamp did not fit the clock, "device" otherwise."""
        return self._time_source

    def open(self) -> None:
        """Choose the camera and begin to stream.

        Raises:
            CameraUnavailable: there is none, not this one, it hangs on a slow port, is taken, or lacks a size.
        """
        if self._pipeline is not None:
            return
        context = self._context = self._context or _RS.context()
        setup, device = self._setup, self._choose(context)
        found = self._found = _describe(device)
        if found.usb.startswith(("1", "2")) and not setup.allow_usb2:
            raise CameraUnavailable(
                f"RealSense {found.serial} is connected over USB {found.usb}, expected 3; use the cable it came with "
                "and a blue port, or set allow_usb2 and a low rate"
            )
        wanted = _RS.config()
        wanted.enable_device(found.serial)
        size = (setup.width, setup.height)
        wanted.enable_stream(_RS.stream.color, *size, _RS.format.rgb8, round(setup.fps))
        if setup.depth:
            wanted.enable_stream(_RS.stream.depth, *size, _RS.format.z16, round(setup.fps))
        if setup.exposure is not None:
            self._set_exposure(device, setup.exposure)
        pipeline = _RS.pipeline(context)
        try:
            pipeline.start(wanted)
        except RuntimeError as error:
            raise CameraUnavailable(self._refusal(str(error), device)) from None
        self._pipeline, self._align = pipeline, _RS.align(_RS.stream.color)
        self._device_clock.reset()
        self._last_number = None

    def _choose(self, context: Any) -> Any:  # noqa: ANN401
        devices = {_describe(device).serial: device for device in context.query_devices()}
        serial = self._setup.serial
        if not devices:
            raise CameraUnavailable(
                "no RealSense is connected; plug it into a blue USB port, and install librealsense's udev rules once"
            )
        if serial is None and len(devices) > 1:
            raise CameraUnavailable(f"several RealSenses are connected; set `serial` to one of {', '.join(devices)}")
        if serial is not None and serial not in devices:
            raise CameraUnavailable(f"no RealSense {serial} is connected; there are {', '.join(devices)}")
        return next(iter(devices.values())) if serial is None else devices[serial]

    def _refusal(self, error: str, device: Any) -> str:  # noqa: ANN401
        serial, setup = self.serial, self._setup
        if "busy" in error.lower():
            return f"RealSense {serial} is taken by another program; end that (`fuser -v /dev/video*` names it)"
        if "resolve" in error.lower():
            wanted = f"{setup.width} x {setup.height} at {setup.fps:g} Hz{' with depth' if setup.depth else ''}"
            return f"RealSense {serial} has no images of {wanted}; it has {_sizes(device)}"
        return f"RealSense {serial} does not start: {error}; unplug it and plug it in"

    def _set_exposure(self, device: Any, exposure: float) -> None:  # noqa: ANN401
        for sensor in device.query_sensors():
            is_colour = any(profile.stream_type() == _RS.stream.color for profile in sensor.get_stream_profiles())
            if is_colour and sensor.supports(_RS.option.exposure):
                unit = _EXPOSURE_UNITS.get(sensor.get_info(_RS.camera_info.name), _STEREO_EXPOSURE_UNIT)
                try:
                    if sensor.supports(_RS.option.enable_auto_exposure):
                        sensor.set_option(_RS.option.enable_auto_exposure, 0)
                    sensor.set_option(_RS.option.exposure, round(exposure / unit))
                except RuntimeError as error:
                    raise CameraUnavailable(f"RealSense {self.serial} refuses exposure {exposure}: {error}") from None
                return
        raise CameraUnavailable(f"the exposure of RealSense {self.serial} cannot be set; leave `exposure` out")

    def intrinsics(self) -> Intrinsics | None:
        """What the maker measured of the colour image that is streamed now; None for an unknown kind of lens.

        Raises:
            NotConnected: open() comes first.
        """
        if self._pipeline is None:
            raise NotConnected(f"RealSense {self.serial} is not open; call open() first")
        profile = self._pipeline.get_active_profile().get_stream(_RS.stream.color)
        found = profile.as_video_stream_profile().get_intrinsics()
        coefficients = [float(each) for each in found.coeffs]
        # The inverse model maps the other way; without coefficients they are all the same.
        if any(coefficients) and found.model != _RS.distortion.brown_conrady:
            return None
        k1, k2, p1, p2, k3 = coefficients
        return Intrinsics(
            width=found.width,
            height=found.height,
            fx=found.fx,
            fy=found.fy,
            cx=found.ppx,
            cy=found.ppy,
            distortion=(k1, k2, p1, p2, k3),
        )

    def close(self) -> None:
        """Stop streaming."""
        pipeline, self._pipeline = self._pipeline, None
        if pipeline is not None:
            with suppress(RuntimeError):  # one that was unplugged cannot be stopped
                pipeline.stop()

    def read(self, timeout: float) -> Frame:
        """The next frame.

        Raises:
            NotConnected: open() comes first.
            CameraSilent: none came in time.
            CameraUnavailable: it was unplugged.
        """
        if self._pipeline is None:
            raise NotConnected(f"RealSense {self.serial} is not open; call open() first")
        end = self._clock.now() + timeout
        while True:
            remaining = max(end - self._clock.now(), 0.0)
            is_there, frames = self._pipeline.try_wait_for_frames(round(remaining * 1e3))
            arrival, wall = self._clock.now(), time.clock_gettime(time.CLOCK_REALTIME)
            if not is_there:
                if self.serial not in {each.serial for each in self._devices(self._context)}:
                    raise CameraUnavailable(f"RealSense {self.serial} was unplugged")
                raise CameraSilent(f"no frame from RealSense {self.serial} in {timeout:g} s")
            colour = frames.get_color_frame()
            # A set that lacks a new colour frame is filled up with the one before.
            if colour and colour.get_frame_number() != self._last_number:
                break
        self._last_number = colour.get_frame_number()
        captured = self._time(colour, arrival, wall)
        depth = self._align.process(frames).get_depth_frame() if self._setup.depth else None
        return Frame(
            image=np.array(colour.get_data()),
            time=captured,
            sequence=self._last_number,
            depth=None if depth is None else np.array(depth.get_data()),
            depth_unit=0.001 if depth is None else round(depth.get_units(), 9),  # it comes in single precision
        )

    def _time(self, frame: Any, arrival: float, wall: float) -> float:  # noqa: ANN401
        stamp = frame.get_timestamp() / 1e3
        self._time_source = "device"
        if frame.get_frame_timestamp_domain() == _RS.timestamp_domain.hardware_clock:
            captured = self._device_clock.time_of(stamp, arrival)
        elif 0.0 <= wall - stamp < _LONGEST_WAY:
            captured = arrival - (wall - stamp)
        else:
            captured, self._time_source = arrival, "arrival"
        return captured - _readout(frame) - self._setup.latency


def _readout(frame: Any) -> float:  # noqa: ANN401
    """From the middle of the exposure to the frame's stamp [s]; 0 where the device does not tell."""
    middle, sent = _RS.frame_metadata_value.sensor_timestamp, _RS.frame_metadata_value.frame_timestamp
    if not (frame.supports_frame_metadata(middle) and frame.supports_frame_metadata(sent)):
        return 0.0
    delay = (frame.get_frame_metadata(sent) - frame.get_frame_metadata(middle)) / 1e6
    return delay if 0.0 <= delay < _LONGEST_WAY else 0.0


def _sizes(device: Any) -> str:  # noqa: ANN401
    found = {
        (video.width(), video.height(), profile.fps())
        for sensor in device.query_sensors()
        for profile in sensor.get_stream_profiles()
        if profile.stream_type() == _RS.stream.color and (video := profile.as_video_stream_profile())
    }
    return ", ".join(f"{width} x {height} at {fps}" for width, height, fps in sorted(found)) or "no colour at all"
