"""What the user of a calibration has before it."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """The hardware that a calibration is to be used with, and how old it may be.

    Attributes:
        now: the present time, with its zone.
        cameras: serial of each camera that is there, by name; those without a calibration are no matter.
        arm: serial of the arm; None where it is not known.
        max_age_days: older parts are told; 0 tells of none.
    """

    now: datetime.datetime
    cameras: Mapping[str, str] = field(default_factory=dict[str, str])
    arm: str | None = None
    max_age_days: float = 180.0
