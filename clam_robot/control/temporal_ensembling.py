"""The average of all that was ever planned for now."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from clam_robot import config
from clam_robot.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class TemporalEnsembling(config.Strict):
    """All chunks that have a row due now, weighted exp(-decay * i), chunk 0 the oldest (ACT, arXiv 2304.13705).

    The older a plan, the more it counts: smooth, and slow to follow what was not foreseen.

    Attributes:
        rule: name in a file.
        decay: m in the paper; 0 is the plain mean.
    """

    rule: Literal["ensemble"] = "ensemble"
    decay: float = 0.01

    def __post_init__(self) -> None:
        if not 0 <= self.decay < math.inf:
            raise ConfigError(f"decay must be a number of at least 0, found {self.decay}")

    @property
    def depth(self) -> int | None:
        """All."""
        return None

    def weights(self, arrivals: Sequence[float], time: float) -> list[float]:
        """Exponential in the rank, oldest first."""
        shares = [math.exp(-self.decay * rank) for rank in range(len(arrivals))]
        total = sum(shares)
        return [share / total for share in shares]
