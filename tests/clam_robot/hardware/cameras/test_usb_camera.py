"""The USB camera: its cases run where a V4L2 device is preloaded; what is connected is read from a tree of files."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from clam_robot.errors import CameraUnavailable
from clam_robot.hardware.cameras.setup import UsbSetup
from clam_robot.hardware.cameras.usb_camera import UsbCamera
from clam_robot.hardware.cameras.v4l2_devices import V4l2Device, device_of, v4l2_devices
from clam_robot.timing import MonotonicClock

HERE = Path(__file__).parent
ROOT = HERE.parents[3]


@pytest.mark.skipif(shutil.which("cc") is None, reason="the software V4L2 device needs a C compiler")
def test_it_keeps_its_contract_over_a_software_v4l2_device(tmp_path: Path) -> None:
    library = tmp_path / "v4l2_camera.so"
    source = HERE / "v4l2_camera.c"
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"], check=True, timeout=120)
    (tmp_path / "frames").mkdir()
    environment = os.environ | {
        "LD_PRELOAD": str(library),
        "V4L2_FRAMES": str(tmp_path / "frames"),
        "V4L2_PERIOD_US": "33333",
        "PYTHONPATH": str(ROOT),
    }
    found = subprocess.run(
        [sys.executable, "-m", "pytest", f"--basetemp={tmp_path / 'cases'}", str(HERE / "usb_camera_cases.py")],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert found.returncode == 0, found.stdout + found.stderr


def make(sysfs: Path, devices: Path, node: str, usb: str, *, index: int, name: str, serial: str | None) -> None:
    """A video node of a USB device, as Linux shows it."""
    interface = sysfs / "devices" / usb / f"{usb}:1.0"
    entry = interface / "video4linux" / node
    entry.mkdir(parents=True)
    (entry / "name").write_text(f"{name}\n")
    (entry / "index").write_text(f"{index}\n")
    (entry / "device").symlink_to(interface)
    (interface.parent / "idVendor").write_text("046d\n")
    if serial is not None:
        (interface.parent / "serial").write_text(f"{serial}\n")
    (sysfs / "class").mkdir(exist_ok=True)
    (sysfs / "class" / node).symlink_to(entry)
    devices.mkdir(exist_ok=True)
    (devices / node).touch()


@pytest.fixture
def tree(tmp_path: Path) -> tuple[Path, Path]:
    sysfs, devices = tmp_path / "sys", tmp_path / "dev"
    make(sysfs, devices, "video10", "1-2", index=0, name="Nameless", serial=None)
    make(sysfs, devices, "video2", "1-1", index=0, name="HD Pro Webcam C920", serial="1F9A2B3C")
    make(sysfs, devices, "video3", "1-1", index=1, name="HD Pro Webcam C920", serial="1F9A2B3C")
    (devices / "v4l/by-id").mkdir(parents=True)
    (devices / "v4l/by-id/usb-C920-video-index0").symlink_to(devices / "video2")
    return sysfs / "class", devices


def test_devices_are_listed_by_number_with_serial_and_lasting_link(tree: tuple[Path, Path]) -> None:
    _, devices = tree
    assert v4l2_devices(*tree) == [
        V4l2Device(
            path=devices / "video2",
            name="HD Pro Webcam C920",
            serial="1F9A2B3C",
            link=devices / "v4l/by-id/usb-C920-video-index0",
        ),
        V4l2Device(path=devices / "video10", name="Nameless", serial="", link=None),
    ]


def test_a_machine_without_video_has_none(tmp_path: Path) -> None:
    assert v4l2_devices(tmp_path / "none", tmp_path) == []


def test_a_serial_number_that_is_not_there_is_told_with_those_that_are(tree: tuple[Path, Path]) -> None:
    found = v4l2_devices(*tree)
    assert device_of("1F9A2B3C", found).path.name == "video2"
    with pytest.raises(CameraUnavailable, match=r"1F9A2B3C \(HD Pro Webcam C920\), no serial \(Nameless\)"):
        device_of("77", found)


def test_a_path_that_is_not_there_or_no_camera_is_told(tree: tuple[Path, Path], tmp_path: Path) -> None:
    clock = MonotonicClock()
    missing = UsbCamera(UsbSetup(path="/dev/video99"), clock, devices=lambda: v4l2_devices(*tree))
    with pytest.raises(CameraUnavailable, match=r"no camera at /dev/video99; .* there are: .*by-id/usb-C920"):
        missing.open()
    (tmp_path / "text").touch()
    with pytest.raises(CameraUnavailable, match="is not a video device"):
        UsbCamera(UsbSetup(path=str(tmp_path / "text")), clock).open()
