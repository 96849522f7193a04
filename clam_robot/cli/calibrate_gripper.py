"""`clam calibrate gripper`."""

from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

import tyro

from calibration.arm_records import gripper_record
from calibration.gripper_range import GripperRangeConfig, find_gripper_range
from clam_robot.cli.agreement import require_agreement
from clam_robot.cli.arm_identity import of_arm, serial_of
from clam_robot.cli.calibration_files import load_or_new, save, utc_now
from clam_robot.cli.console import console
from clam_robot.cli.widowx import ArmAddress, driver_of
from clam_robot.cli.writable import require_writable
from clam_robot.timing import MonotonicClock


@dataclass(frozen=True, kw_only=True)
class GripperCommand:
    """Find where the fingers stop, closed and open; the arm holds still, and only the empty gripper moves, gently.

    Attributes:
        address: where the arm is.
        drive: how the fingers are driven.
        out: where the calibration is kept.
        yes: the gripper may move without being asked for.
    """

    address: Annotated[ArmAddress, tyro.conf.OmitArgPrefixes] = field(default_factory=ArmAddress)
    drive: GripperRangeConfig = field(default_factory=GripperRangeConfig)
    out: Path = Path("calibration.json")
    yes: bool = False

    def run(self) -> None:
        """Close and open a few times, and write what was found."""
        require_writable(self.out)
        calibration = of_arm(load_or_new(self.out), serial_of(self.address), self.out)
        require_agreement("the gripper closes and opens; take out what is between its fingers", self.yes)
        clock = MonotonicClock()
        driver = driver_of(self.address, clock)
        with ExitStack() as stack:
            stack.callback(driver.disconnect)
            driver.connect()
            driver.prepare(profile_velocity=200, profile_acceleration=60)
            found = find_gripper_range(driver, clock, self.drive, tell=_tell)
        console.print(
            f"fingers {1e3 * found.closed:.2f} mm from the middle when closed, {1e3 * found.opened:.2f} when open, "
            f"{spread_in_words(found.sigma)}"
        )
        record = gripper_record(found, utc_now())
        save(replace(calibration, arm=replace(calibration.arm, gripper=record)), self.out)


def spread_in_words(sigma: float) -> str:
    """Of one stop; what its encoder cannot see is not said to be nothing."""
    return f"± {1e3 * sigma:.2f}" if sigma >= _FINEST else "the same each time to a hundredth of a millimetre"


def _tell(way: str, finger: float) -> None:
    console.print(f"{way} at {1e3 * finger:.2f} mm")


_FINEST = 5e-6  # that is printed [m]
