"""How old what is known of a camera is."""

import datetime

from calibration.capture_date import require_date
from clam_robot.hardware.calibration.camera_calibration import CameraCalibration
from clam_robot.hardware.calibration.expectation import Expectation


def camera_ages(camera: CameraCalibration, now: datetime.datetime) -> dict[str, float]:
    """Of each part [days].

    Raises:
        ConfigError: a date is none.
    """
    dates = {"lens": camera.intrinsics.made_at}
    if camera.hand_eye is not None:
        dates["place"] = camera.hand_eye.made_at
    if camera.reference is not None:
        dates["remembered board"] = camera.reference.made_at
    return {part: (now - require_date(date)) / datetime.timedelta(days=1) for part, date in dates.items()}


def ages_in_words(camera: CameraCalibration, now: datetime.datetime) -> str:
    """For a person, with what is too old.

    Raises:
        ConfigError: a date is none.
    """
    ages = camera_ages(camera, now)
    most = Expectation(now=now).max_age_days
    old = [part for part, days in ages.items() if days > most]
    advice = f"; {' and '.join(old)} older than {most:g} days: calibrate again" if old else ""
    return ", ".join(f"{part} {days:.0f} days old" for part, days in ages.items()) + advice
