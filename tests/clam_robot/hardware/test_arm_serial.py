from pathlib import Path

from clam_robot.hardware.arm_serial import arm_serial


def test_the_adapters_serial_is_found_behind_a_link(tmp_path: Path) -> None:
    usb = tmp_path / "devices/usb1/1-2"
    interface = usb / "1-2:1.0/ttyUSB3"
    interface.mkdir(parents=True)
    (usb / "idVendor").write_text("0403\n")
    (usb / "serial").write_text("FT6RW5Y1\n")
    ttys = tmp_path / "tty"
    (ttys / "ttyUSB3").mkdir(parents=True)
    (ttys / "ttyUSB3/device").symlink_to(interface)
    (tmp_path / "ttyUSB3").touch()
    (tmp_path / "ttyDXL").symlink_to(tmp_path / "ttyUSB3")
    assert arm_serial(str(tmp_path / "ttyDXL"), ttys) == "FT6RW5Y1"


def test_a_twins_port_has_none(tmp_path: Path) -> None:
    assert arm_serial(str(tmp_path / "pts7"), tmp_path) is None
