"""A RealSense in software."""

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pyrealsense2

RS: Any = pyrealsense2
WIDTH, HEIGHT, FPS = 640, 480, 60
SERIAL = "017322071234"
FOCAL, BASELINE = 600.0, 0.05  # [pixel], [m]
# Wide bars one metre away before a wall in two metres.
NEAR, FAR = 1000, 2000
BAR = slice(300, 340)


class SoftwareRealSense:
    """librealsense's own software device, fed from a thread, found by any pipeline of its `context`.

    A wall with a nearer bar, seen by a depth sensor that stands `BASELINE` beside the colour sensor. The device's clock
    begins at `start` and runs at `drift` beside the robot's.

    Attributes:
        context: for the camera under test.
        is_silent: sends nothing.
        domain: of its stamps.
        captured: robot time of the capture of each frame, by its number.
        exposure: the option of its colour sensor, [100 us].
    """

    def __init__(self, *, clock: Callable[[], float], usb: str = "3.2", start: float = 0.0) -> None:
        self.is_silent = False
        self.domain = RS.timestamp_domain.hardware_clock
        self.captured: dict[int, float] = {}
        self.stamp_of: Callable[[float], float] = lambda time: time - self._begin + start
        self._clock, self._begin = clock, clock()
        self._device = RS.software_device()
        for name, value in (
            (RS.camera_info.name, "Software D435"),
            (RS.camera_info.serial_number, SERIAL),
            (RS.camera_info.usb_type_descriptor, usb),
            (RS.camera_info.firmware_version, "5.16.0.1"),
        ):
            self._device.register_info(name, value)
        self._depth_sensor = self._device.add_sensor("Stereo Module")
        self._colour_sensor = self._device.add_sensor("RGB Camera")
        self._colour_sensor.add_option(RS.option.exposure, _range(1, 10000, 156), True)
        self._colour_sensor.add_option(RS.option.enable_auto_exposure, _range(0, 1, 1), True)
        self._depth = self._depth_sensor.add_video_stream(_stream(RS.stream.depth, 0, RS.format.z16, 2), True)
        self._colour = self._colour_sensor.add_video_stream(_stream(RS.stream.color, 1, RS.format.rgb8, 3), True)
        self._depth_sensor.add_read_only_option(RS.option.depth_units, 0.001)
        aside = RS.extrinsics()
        aside.rotation, aside.translation = [1, 0, 0, 0, 1, 0, 0, 0, 1], [BASELINE, 0, 0]
        self._depth.register_extrinsics_to(self._colour, aside)
        self._device.create_matcher(RS.matchers.dlr_c)
        self.context = RS.context()
        self._listed: list[Any] = []
        # A context forgets a software device at once unless somebody holds the list it was announced with.
        self.context.set_devices_changed_callback(lambda change: self._listed.append(change.get_new_devices()))
        self.plug_in()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._feed, name="software RealSense", daemon=True)
        self._thread.start()

    def plug_in(self) -> None:
        """Have the context list it."""
        self._device.add_to(self.context)
        self.is_silent = False

    def unplug(self) -> None:
        """Send nothing any more, and have the context forget it."""
        self.is_silent = True
        self._listed.clear()

    def options(self) -> dict[str, float]:
        """Of the colour sensor."""
        sensor = self._colour_sensor
        return {
            "exposure": sensor.get_option(RS.option.exposure),
            "enable_auto_exposure": sensor.get_option(RS.option.enable_auto_exposure),
        }

    def tell_exposure(self, lag: float) -> None:
        """Have its frames tell that the exposure's middle was `lag` [s] before they were stamped."""
        self._colour_sensor.set_metadata(RS.frame_metadata_value.frame_timestamp, 1_000_000)
        self._colour_sensor.set_metadata(RS.frame_metadata_value.sensor_timestamp, 1_000_000 - round(lag * 1e6))

    def close(self) -> None:
        self._ending.set()
        self._thread.join()

    def _feed(self) -> None:
        number = 0
        depth = np.full((HEIGHT, WIDTH), FAR, np.uint16)
        depth[:, BAR] = NEAR
        held: list[np.ndarray] = [depth]  # frames do not copy their pixels
        while not self._ending.wait(1.0 / FPS):
            if self.is_silent:
                continue
            number += 1
            colour = np.full((HEIGHT, WIDTH, 3), (number % 200, 20, 200), np.uint8)
            colour[0, :, :] = np.random.default_rng(number).integers(0, 255, (WIDTH, 3), dtype=np.uint8)
            held = [*held[-50:], colour] if len(held) < 51 else [depth, *held[-49:], colour]
            now = self._clock()
            self.captured[number] = now
            for sensor, profile, pixels, size in (
                (self._depth_sensor, self._depth, depth, 2),
                (self._colour_sensor, self._colour, colour, 3),
            ):
                frame = RS.software_video_frame()
                frame.pixels, frame.bpp, frame.stride = pixels, size, size * WIDTH
                frame.timestamp, frame.domain = 1e3 * self.stamp_of(now), self.domain
                frame.frame_number, frame.profile = number, profile.as_video_stream_profile()
                if size == 2:
                    frame.depth_units = 0.001
                sensor.on_video_frame(frame)


def _range(low: float, high: float, default: float) -> Any:  # noqa: ANN401
    found = RS.option_range()
    found.min, found.max, found.step, found.default = low, high, 1, default
    return found


def _stream(kind: Any, uid: int, pixels: Any, size: int) -> Any:  # noqa: ANN401
    seen = RS.intrinsics()
    seen.width, seen.height, seen.fx, seen.fy, seen.ppx, seen.ppy = WIDTH, HEIGHT, FOCAL, FOCAL, WIDTH / 2, HEIGHT / 2
    seen.model, seen.coeffs = RS.distortion.none, [0.0] * 5
    stream = RS.video_stream()
    stream.type, stream.index, stream.uid, stream.fmt, stream.bpp = kind, 0, uid, pixels, size
    stream.width, stream.height, stream.fps, stream.intrinsics = WIDTH, HEIGHT, FPS, seen
    return stream
