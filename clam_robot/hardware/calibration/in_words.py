"""What the calibration of an episode says of itself, in a line."""

import datetime

from clam_robot.errors import CalibrationError, ConfigError
from clam_robot.hardware.calibration.calibration import ages, dates, read_calibration


def calibration_in_words(data: object, recorded_at: str) -> str:
    """Date and age of its oldest and newest part when the episode was recorded; one that cannot be read is said to be.

    Args:
        data: `episode.attributes.calibration`.
        recorded_at: when the episode began, ISO 8601.
    """
    if data is None:
        return "none"
    try:
        calibration = read_calibration(data, "calibration")
        days = ages(calibration, datetime.datetime.fromisoformat(recorded_at), "calibration")
    except (ConfigError, CalibrationError):
        return "of another version"
    if not days:
        return "empty"
    made = dates(calibration)
    oldest, newest = max(days, key=lambda part: days[part]), min(days, key=lambda part: days[part])
    arm = "" if calibration.arm_serial is None else f"arm {calibration.arm_serial}, "
    told = f"{arm}{oldest} of {made[oldest][:10]}, {days[oldest]:.0f} days old then"
    return told if oldest == newest else f"{told}; newest: {newest} of {made[newest][:10]}"
