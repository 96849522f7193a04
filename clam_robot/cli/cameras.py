"""`clam cameras`."""

from contextlib import ExitStack
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from rich.table import Table

from clam_robot.cli.camera_rig import rig_of
from clam_robot.cli.console import console, plural
from clam_robot.errors import CameraError, ConfigError
from clam_robot.hardware.cameras.camera_thread import CameraThread
from clam_robot.hardware.cameras.cameras_file import load_cameras
from clam_robot.hardware.cameras.rig import CameraRig
from clam_robot.hardware.cameras.v4l2_devices import v4l2_devices
from clam_robot.timing import MonotonicClock, Rate

_INSTALL = "pip install 'clam-robot[cameras]'"
_LOOKS_HZ = 20.0
_FIRST_WITHIN = 10.0  # [s]


@dataclass(frozen=True, kw_only=True)
class Command:
    """List the cameras that are connected, or try those of a configuration.

    Attributes:
        config: file with the cameras of a robot (cameras.toml); without it, what is connected is listed.
        seconds: how long to watch them.
        save: folder for a picture of each.
    """

    config: Path | None = None
    seconds: float = 5.0
    save: Path | None = None

    def __post_init__(self) -> None:
        if not 0 < self.seconds <= 3600:
            raise ConfigError(f"--seconds: expected more than 0 and at most 3600, found {self.seconds}")
        if self.save is not None and self.config is None:
            raise ConfigError("--save: pictures are taken by the cameras of a configuration; give --config, too")

    def run(self) -> None:
        """List them, or watch them and say how well they deliver."""
        if self.config is None:
            _list_realsense()
            _list_usb()
            return
        rig = rig_of(load_cameras(self.config), MonotonicClock())
        with ExitStack() as stack:
            stack.callback(rig.end)
            skews = self._watch(rig)
            _print_report(rig, skews)
            if self.save is not None:
                _save(rig, self.save)
            missing = [name for name, thread in rig.threads.items() if thread.newest is None]
        if missing:
            raise CameraError(f"no frame from {', '.join(missing)}; the table says why")

    def _watch(self, rig: CameraRig) -> list[float]:
        """The skew of each look at the cameras [s]."""
        clock = MonotonicClock()
        rig.start()
        with console.status(f"watching {plural(len(rig.threads), 'camera')} for {self.seconds:g} s"):
            for thread in rig.threads.values():
                try:
                    thread.wait_for_first(_FIRST_WITHIN)
                except CameraError:
                    continue  # the table says so
            rate, end = Rate(_LOOKS_HZ, clock), clock.now() + self.seconds
            skews: list[float] = []
            while clock.now() < end:
                rate.sleep()
                skews.append(rig.skew())
        return skews


def _list_realsense() -> None:
    try:
        from clam_robot.hardware.cameras.realsense import realsense_devices
    except ModuleNotFoundError:
        console.print(f"RealSense: pyrealsense2 is not installed; {_INSTALL}", markup=False)
        return
    found = realsense_devices()
    if not found:
        console.print(
            "RealSense: none is connected; plug it into a blue USB port, and install librealsense's udev rules once"
        )
        return
    table = Table("serial", "model", "firmware", "USB", title="RealSense")
    for device in found:
        table.add_row(device.serial, device.name, device.firmware, device.usb)
    console.print(table)


def _list_usb() -> None:
    if find_spec("cv2") is None:
        console.print(f"USB cameras: opencv-python is not installed; {_INSTALL}", markup=False)
    found = v4l2_devices()
    if not found:
        console.print(
            "USB cameras: there is no /dev/video*; plug one in, and give a container its devices (--device /dev/video0)"
        )
        return
    table = Table("path", "serial", "name", title="USB cameras (V4L2)")
    for device in found:
        table.add_row(str(device.link or device.path), device.serial or "none", device.name)
    console.print(table)


def _print_report(rig: CameraRig, skews: list[float]) -> None:
    table = Table("camera", "serial", "rate, 1/s", "dropped", "twice", "latency p50/p95, ms", "times from", "health")
    for name, thread in rig.threads.items():
        found = thread.statistics()
        is_there = thread.newest is not None
        table.add_row(
            name,
            thread.camera.serial,
            f"{found.rate:.1f} of {thread.camera.fps:g}",
            str(found.num_dropped),
            str(found.num_duplicates),
            f"{found.latency_p50 * 1e3:.1f} / {found.latency_p95 * 1e3:.1f}" if is_there else "",
            thread.camera.time_source if is_there else "",
            _health(thread),
        )
    console.print(table)
    if len(rig.threads) > 1 and skews:
        p50, worst = float(np.median(skews)), max(skews)
        console.print(f"skew between the newest frames: median {p50 * 1e3:.1f} ms, worst {worst * 1e3:.1f} ms")


def _health(thread: CameraThread) -> str:
    if thread.problem is not None:
        return str(thread.problem)
    return "; ".join(f"{name}: {what}" for name, what in thread.health.items()) or "good"


def _save(rig: CameraRig, folder: Path) -> None:
    import cv2

    folder.mkdir(parents=True, exist_ok=True)
    for name, thread in rig.threads.items():
        if (frame := thread.newest) is not None:
            path = folder / f"{name}.png"
            if not cv2.imwrite(str(path), cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR)):
                raise ConfigError(f"--save: cannot write {path}; give another folder")
            console.print(f"picture: {path}", soft_wrap=True, markup=False)
