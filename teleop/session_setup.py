"""How a recording session is run."""

import math
from dataclasses import dataclass, field
from typing import Literal

from clam_robot import config
from clam_robot.errors import ConfigError
from teleop.episode_quality import QualityLimits

Mode = Literal["demonstration", "play"]


@dataclass(frozen=True, kw_only=True)
class SessionSetup(config.Strict):
    """How a recording session is run.

    Attributes:
        mode: "demonstration" shows the task; "play" shows everything else that arm and gripper can do to things.
        task: in words; the robot's own by default.
        operator: who records.
        target: how many episodes the folder shall hold.
        countdown: before an episode [s].
        max_seconds: an episode ends by itself after this long [s].
        first_seed: of the scenes, in simulation.
        quality: what an episode must keep.
        accept_poor: keep episodes that do not keep it, without a question.
    """

    mode: Mode = "demonstration"
    task: str = ""
    operator: str = ""
    target: int = 20
    countdown: float = 3.0
    max_seconds: float = 120.0
    first_seed: int = 0
    quality: QualityLimits = field(default_factory=QualityLimits)
    accept_poor: bool = False

    def __post_init__(self) -> None:
        if self.target < 1:
            raise ConfigError(f"target: expected at least 1 episode, found {self.target}")
        if not 0.0 <= self.countdown <= 60.0:
            raise ConfigError(f"countdown: expected 0 to 60 s, found {self.countdown}")
        if not 0.0 < self.max_seconds < math.inf:
            raise ConfigError(f"max_seconds: expected a positive number, found {self.max_seconds}")
