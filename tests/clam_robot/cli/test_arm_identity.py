"""Which arm a calibration is of, as commands find out."""

import logging
from pathlib import Path

import pytest

from clam_robot.cli.arm_identity import of_arm, serial_of
from clam_robot.cli.calibration_in_use import calibration_in_use
from clam_robot.cli.widowx import ArmAddress
from clam_robot.errors import CalibrationError
from clam_robot.hardware.calibration.calibration import Calibration, save_calibration

FILE = Path("calibration.json")


def test_an_arm_over_ros_is_who_it_is_said_to_be() -> None:
    assert serial_of(ArmAddress(driver="ros", arm_serial="arm 1")) == "arm 1"
    assert serial_of(ArmAddress(driver="ros")) is None


def test_figures_of_an_arm_make_the_file_that_arm_s() -> None:
    assert of_arm(Calibration(), "arm 1", FILE).arm_serial == "arm 1"
    assert of_arm(Calibration(arm_serial="arm 1"), "arm 1", FILE).arm_serial == "arm 1"
    with pytest.raises(CalibrationError, match=r"is of arm 'arm 2', this one is 'arm 1'"):
        of_arm(Calibration(arm_serial="arm 2"), "arm 1", FILE)


def test_an_unknown_arm_is_said_to_be_and_takes_no_name_away(capsys: pytest.CaptureFixture[str]) -> None:
    assert of_arm(Calibration(), None, FILE).arm_serial is None
    assert "is not known" in capsys.readouterr().out
    assert of_arm(Calibration(arm_serial="arm 2"), None, FILE).arm_serial == "arm 2"
    assert capsys.readouterr().out == ""


def test_an_arm_over_ros_is_compared_with_its_calibration(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / FILE
    save_calibration(Calibration(arm_serial="arm 1"), file)
    with caplog.at_level(logging.WARNING):
        assert calibration_in_use(file, ArmAddress(driver="ros", arm_serial="arm 1")).calibration is not None
        assert caplog.messages == []
        calibration_in_use(file, ArmAddress(driver="ros"))
    assert "name it with --arm-serial" in caplog.text
    with pytest.raises(CalibrationError, match="arm 2"):
        calibration_in_use(file, ArmAddress(driver="ros", arm_serial="arm 2"))
