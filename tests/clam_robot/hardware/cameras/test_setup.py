"""A `cameras.toml` becomes cameras, or an error that names what does not fit."""

from pathlib import Path

import pytest

from clam_robot import config
from clam_robot.errors import ConfigError
from clam_robot.hardware.cameras.factory import make_camera, make_rig
from clam_robot.hardware.cameras.pattern_camera import PatternCamera
from clam_robot.hardware.cameras.realsense import RealSense
from clam_robot.hardware.cameras.setup import CamerasConfig, PatternSetup, RealSenseSetup, TwinSetup, UsbSetup
from clam_robot.hardware.cameras.usb_camera import UsbCamera
from clam_robot.hardware.cameras.video_file import VideoFile
from clam_robot.specs import CameraSpec
from clam_robot.timing import MonotonicClock

CLOCK = MonotonicClock()
WHOLE = """
max_age = 0.3

[cameras.wrist]
kind = "realsense"
serial = "123622270224"
depth = true
exposure = 0.008
latency = 0.01

[cameras.wrist.health]
dark_below = 3

[cameras.table]
kind = "usb"
path = "/dev/video0"
width = 1280
height = 720
fps = 15

[cameras.film]
kind = "video"
path = "film.mp4"

[cameras.drawn]
kind = "pattern"
"""


def load(tmp_path: Path, text: str) -> CamerasConfig:
    path = tmp_path / "cameras.toml"
    path.write_text(text)
    return config.load(CamerasConfig, path)


def test_every_kind_is_read_with_its_own_fields(tmp_path: Path) -> None:
    found = load(tmp_path, WHOLE)
    wrist, table = found.cameras["wrist"], found.cameras["table"]
    assert isinstance(wrist, RealSenseSetup) and isinstance(table, UsbSetup)
    assert (wrist.serial, wrist.depth, wrist.exposure, wrist.latency) == ("123622270224", True, 0.008, 0.01)
    assert (wrist.health.dark_below, wrist.health.frozen_after) == (3.0, 1.0)
    assert (table.spec, table.fps) == (CameraSpec(height=720, width=1280), 15.0)
    assert found.max_age == 0.3


def test_a_rig_is_made_of_it_without_touching_a_device(tmp_path: Path) -> None:
    rig = make_rig(load(tmp_path, WHOLE), CLOCK)
    kinds = {name: type(thread.camera) for name, thread in rig.threads.items()}
    assert kinds == {"wrist": RealSense, "table": UsbCamera, "film": VideoFile, "drawn": PatternCamera}
    assert rig.specs["table"].shape == (720, 1280, 3)
    assert not any(thread.is_alive for thread in rig.threads.values())


def test_a_kind_of_another_machine_is_refused() -> None:
    with pytest.raises(ConfigError, match="twin is not a camera of this machine"):
        make_camera(TwinSetup(address="127.0.0.1:1", view="wrist"), CLOCK)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "'cameras' is missing"),
        ("[cameras]", r"expected at least one table \[cameras\.NAME\]"),
        ("[cameras.wrist]", "kind"),
        ('[cameras.wrist]\nkind = "webcam"', "'realsense', 'usb', 'video', 'pattern', 'twin'"),
        ('[cameras.wrist]\nkind = "usb"', "path, serial: give one of them"),
        ('[cameras.wrist]\nkind = "usb"\npath = "/dev/video0"\nserial = "7"', "path, serial: give one of them"),
        ('[cameras.wrist]\nkind = "usb"\npath = "/dev/video0"\npixels = "MJPEG"', "pixels: expected four letters"),
        ('[cameras.wrist]\nkind = "video"', "wrist.*path' is missing"),
        ('[cameras.wrist]\nkind = "pattern"\nserial = "7"', "unknown key .*wrist.*serial"),
        ('[cameras.wrist]\nkind = "pattern"\nwidth = "wide"', "wrist.*width"),
        ('[cameras.wrist]\nkind = "pattern"\nwidth = 0', "width, height: expected at least one pixel"),
        ('[cameras.wrist]\nkind = "pattern"\nfps = 0', "fps: expected more than 0"),
        ('[cameras.wrist]\nkind = "pattern"\nlatency = 2', "latency: expected more than -0.1 s"),
        ('[cameras.wrist]\nkind = "realsense"\nexposure = 8000', "exposure: expected seconds"),
        ('[cameras."a b"]\nkind = "pattern"', "'a b'"),
        ('max_age = 0\n[cameras.wrist]\nkind = "pattern"', "max_age"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        load(tmp_path, text)


def test_it_survives_json() -> None:
    setup = CamerasConfig(cameras={"wrist": PatternSetup(width=64), "table": UsbSetup(serial="7")})
    assert config.from_dict(CamerasConfig, config.to_dict(setup), source="round trip") == setup
