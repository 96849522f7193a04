"""Where the fingers stop: driven gently either way until they stand still although they are pushed."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from calibration.patience import patiently
from clam_robot import config
from clam_robot.errors import CalibrationError
from clam_robot.hardware.joint_driver import JointDriver
from clam_robot.timing import Clock

_PATIENCE = 5.0  # without a state of the joints, as a busy machine has them [s]


@dataclass(frozen=True, kw_only=True)
class GripperRangeConfig(config.Strict):
    """How the fingers are driven.

    Attributes:
        effort: largest, as a share of full PWM; the motor may stand still against it for long.
        rise: of the effort while the fingers do not move [1/s].
        still: fingers that stay within this stand still [m].
        patience: at the largest effort without moving, until that counts as a stop [s].
        longest: of one way [s].
        times: to and fro.
        least: way between the stops that a gripper has to have [m].
        hz: of the commands.
    """

    effort: float = 0.25
    rise: float = 0.25
    still: float = 0.0003
    patience: float = 0.4
    longest: float = 12.0
    times: int = 3
    least: float = 0.01
    hz: float = 50.0

    def __post_init__(self) -> None:
        if not 0.0 < self.effort <= 0.4:
            raise CalibrationError(f"effort: expected above 0 and at most 0.4, found {self.effort}; more is hot")


@dataclass(frozen=True, kw_only=True)
class GripperRange:
    """What was found.

    Attributes:
        closed: reported distance of a finger from the middle [m].
        opened: [m].
        sigma: of one stop, from one time to the next [m].
        effort: that they were driven with at most.
    """

    closed: float
    opened: float
    sigma: float
    effort: float


def find_gripper_range(
    driver: JointDriver,
    clock: Clock,
    setup: GripperRangeConfig | None = None,
    *,
    tell: Callable[[str, float], None] = lambda way, finger: None,
) -> GripperRange:
    """Open and close the empty gripper; the arm stays where it is, and the fingers are left open without effort.

    Args:
        driver: connected and prepared.
        clock: the driver's.
        setup: how.
        tell: which way was gone, and where it ended [m].

    Raises:
        CalibrationError: it opens when told to close, something is between the fingers, or they do not stop.
        DriverError: of the driver; StaleObservation where nothing comes from the joints for seconds.
    """
    setup = setup or GripperRangeConfig()
    stops: dict[str, list[float]] = {"closed": [], "opened": []}
    try:
        for _ in range(setup.times):
            for way, sign in (("closed", -1.0), ("opened", 1.0)):
                stops[way].append(_drive(driver, clock, setup, way, sign))
                tell(way, stops[way][-1])
    finally:
        driver.command_gripper(0.0)
    closed, opened = float(np.mean(stops["closed"])), float(np.mean(stops["opened"]))
    if closed > opened:
        raise CalibrationError(
            f"the gripper is inverted: told to close, it opens to {1e3 * closed:.1f} mm, told to open, it closes to "
            f"{1e3 * opened:.1f} mm; change Drive_Mode of its servo"
        )
    if opened - closed < setup.least:
        raise CalibrationError(
            f"the fingers go from {1e3 * closed:.1f} to {1e3 * opened:.1f} mm only, expected {1e3 * setup.least:.0f} "
            "mm or more; take out what is between them, and see that the servo has power"
        )
    each = [float(np.var(values, ddof=1)) if len(values) > 1 else 0.0 for values in stops.values()]
    return GripperRange(closed=closed, opened=opened, sigma=float(np.sqrt(np.mean(each))), effort=setup.effort)


def _drive(driver: JointDriver, clock: Clock, setup: GripperRangeConfig, way: str, sign: float) -> float:
    """Push more and more until the fingers move, no more than that while they do; where they stop at last [m]."""
    period, effort = 1.0 / setup.hz, 0.0
    begin = since = driven = clock.now()
    before = patiently(driver.read, clock, _PATIENCE).finger
    while True:
        driver.command_gripper(sign * effort)
        clock.sleep_until(clock.now() + period)
        finger, now = patiently(driver.read, clock, _PATIENCE).finger, clock.now()
        if abs(finger - before) > setup.still:
            before, since = finger, now
        elif effort < setup.effort:
            effort, driven = min(effort + setup.rise * period, setup.effort), now
        elif now - max(since, driven) > setup.patience:
            return finger
        if now - begin > setup.longest:
            raise CalibrationError(f"the fingers move for {setup.longest:g} s without end; is the crank loose?")
