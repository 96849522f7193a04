"""Which arm it is that a calibration is of."""

from dataclasses import replace
from pathlib import Path

from clam_robot.cli.console import console
from clam_robot.cli.widowx import ArmAddress
from clam_robot.errors import CalibrationError, ConfigError
from clam_robot.hardware.arm_serial import arm_serial
from clam_robot.hardware.calibration.calibration import Calibration


def serial_of(arm: ArmAddress) -> str | None:
    """Its serial number, as its port or the command tells it; None where neither does.

    Raises:
        ConfigError: the two differ; names both.
    """
    found = arm_serial(arm.port) if arm.driver == "dynamixel" else None
    if None not in (found, arm.arm_serial) and found != arm.arm_serial:
        raise ConfigError(
            f"--arm-serial: expected {arm.arm_serial!r}, found {found!r} on {arm.port}; is it plugged in?"
        )
    return found or arm.arm_serial


def of_arm(calibration: Calibration, serial: str | None, source: Path) -> Calibration:
    """The same, of this arm; a serial that is not known is said to be, and leaves what stands there.

    Args:
        calibration: that figures of an arm go into.
        serial: of the arm that they are of.
        source: where the calibration stands, for messages.

    Raises:
        CalibrationError: it is another arm's; names both serials.
    """
    if serial is None:
        if calibration.arm_serial is None:
            console.print(
                f"the arm's serial number is not known, and {source} can be taken for that of any arm; --arm-serial "
                "names it",
                markup=False,
                soft_wrap=True,
            )
        return calibration
    if calibration.arm_serial not in (None, serial):
        raise CalibrationError(
            f"{source} is of arm {calibration.arm_serial!r}, this one is {serial!r}; give another file with --out"
        )
    return replace(calibration, arm_serial=serial)
