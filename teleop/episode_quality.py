"""Whether an episode was recorded well enough to be kept."""

import math
from dataclasses import dataclass

from clam_robot import config
from clam_robot.errors import ConfigError
from clam_robot.types import EpisodeOutcome


@dataclass(frozen=True, kw_only=True)
class QualityLimits(config.Strict):
    """What an episode must keep.

    Attributes:
        min_rate: share of the robot's control periods per second that must be reached.
        max_dropped: share of the rows that may be lost on their way to the disk.
        max_late: share of the control periods that may begin late.
        max_held: share of the control periods that may pass without an action.
        min_steps: control periods of the shortest episode.
    """

    min_rate: float = 0.9
    max_dropped: float = 0.0
    max_late: float = 0.15
    max_held: float = 0.1
    min_steps: int = 10

    def __post_init__(self) -> None:
        for name in ("min_rate", "max_dropped", "max_late", "max_held"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ConfigError(f"{name}: expected a share from 0 to 1, found {getattr(self, name)}")
        if self.min_steps < 1:
            raise ConfigError(f"min_steps: expected at least 1, found {self.min_steps}")


def problems(outcome: EpisodeOutcome, limits: QualityLimits, *, control_hz: float, num_dropped: int) -> tuple[str, ...]:
    """What is wrong with an episode, with the figures; nothing for a good one.

    Args:
        outcome: as it ended.
        limits: to be kept.
        control_hz: of the robot [1/s].
        num_dropped: rows lost.
    """
    found: list[str] = []
    steps = max(outcome.num_steps, 1)
    if outcome.num_steps < limits.min_steps:
        found.append(f"{outcome.num_steps} control periods, at least {limits.min_steps} are needed")
    least = limits.min_rate * control_hz
    if not (math.isfinite(outcome.achieved_hz) and outcome.achieved_hz >= least):
        found.append(f"rate {outcome.achieved_hz:.1f} Hz, at least {least:.1f} of {control_hz:g} Hz are needed")
    for what, count, most in (
        ("rows lost", num_dropped, limits.max_dropped),
        ("control periods late", outcome.num_overruns, limits.max_late),
        ("control periods without an action", outcome.num_held, limits.max_held),
    ):
        if count / steps > most:
            found.append(f"{count} of {steps} {what} ({count / steps:.0%}), at most {most:.0%} are allowed")
    return tuple(found)
