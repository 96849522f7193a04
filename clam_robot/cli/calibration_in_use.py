"""The calibration that a command drives the arm with."""

import datetime
import logging
from pathlib import Path

from clam_robot.cli.arm_identity import serial_of
from clam_robot.cli.widowx import ArmAddress
from clam_robot.episodes import schema
from clam_robot.errors import ConfigError
from clam_robot.hardware.calibration.calibration import load_calibration
from clam_robot.hardware.calibration.expectation import Expectation
from clam_robot.hardware.calibration.in_use import CalibrationInUse
from clam_robot.hardware.cameras.cameras_file import load_cameras

logger = logging.getLogger(__name__)
DEFAULT = Path("calibration.json")
NONE = Path("none")


def calibration_in_use(file: Path | None, arm: ArmAddress) -> CalibrationInUse:
    """Load the calibration of an arm; old parts are told.

    Args:
        file: as it was asked for; None takes `calibration.json` of this folder where there is one, "none" takes none.
        arm: where it is.

    Raises:
        ConfigError: it is missing or does not fit.
        CalibrationError: it is of another arm; names both serials.
    """
    if file == NONE or (file is None and not DEFAULT.exists()):
        return CalibrationInUse(driver=arm.driver)
    path = file or DEFAULT
    serial = serial_of(arm)
    expected = Expectation(now=datetime.datetime.now(datetime.UTC), arm=serial)
    known = load_calibration(path, expected)
    if known.arm_serial is not None and serial is None:
        logger.warning(
            "%s is of arm %s; whether this is that arm is not known: name it with --arm-serial", path, known.arm_serial
        )
    return CalibrationInUse(calibration=known, source=str(path), expected=expected, driver=arm.driver)


def no_calibration(file: Path | None, robot: str) -> CalibrationInUse:
    """For a robot that has none.

    Raises:
        ConfigError: one was asked for.
    """
    if file not in (None, NONE):
        raise ConfigError(f"--calibration: {robot} is simulated and has none; leave it out, or drive --robot widowx")
    return CalibrationInUse()


def time_corrections(calibration: CalibrationInUse, arm: ArmAddress, *, has_samples: bool) -> dict[str, float]:
    """What is taken off the times of each array of an episode [s], for its attributes.

    Args:
        calibration: that is in use.
        arm: whose cameras may have latencies of their own in `cameras.toml`.
        has_samples: whether joints are recorded at their own rate, too.
    """
    cameras = {} if arm.cameras is None else calibration.aligned_cameras(load_cameras(arm.cameras)).cameras
    state = dict.fromkeys(
        (schema.TIME, schema.JOINT_TIME) if has_samples else (schema.TIME,), calibration.state_latency
    )
    return {
        **{name: seconds for name, seconds in state.items() if seconds},
        **{schema.image_time_array(name): setup.latency for name, setup in cameras.items() if setup.latency},
    }
