"""How often a policy succeeds, with the uncertainty that the number of episodes leaves."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist

from clam_robot.types import EpisodeOutcome


@dataclass(frozen=True, kw_only=True)
class SuccessRate:
    """Successes among judged episodes.

    Attributes:
        successes: episodes that solved the task.
        num_episodes: episodes whose success is known.
    """

    successes: int
    num_episodes: int

    @classmethod
    def of(cls, outcomes: Iterable[EpisodeOutcome]) -> "SuccessRate":
        """Count the outcomes whose success is known."""
        known = [outcome.success for outcome in outcomes if outcome.success is not None]
        return cls(successes=sum(known), num_episodes=len(known))

    @property
    def rate(self) -> float:
        """Share of successes; NaN without an episode."""
        return self.successes / self.num_episodes if self.num_episodes else math.nan

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Wilson's score interval (E. B. Wilson, 1927); everything is possible without an episode."""
        n = self.num_episodes
        if n == 0:
            return 0.0, 1.0
        z = NormalDist().inv_cdf(0.5 + confidence / 2)
        middle = (self.successes + z * z / 2) / (n + z * z)
        half = z / (n + z * z) * math.sqrt(self.successes * (n - self.successes) / n + z * z / 4)
        return max(0.0, middle - half), min(1.0, middle + half)

    def __str__(self) -> str:
        low, high = self.interval()
        return f"{self.rate:.2f} [{low:.2f}, {high:.2f}] ({self.successes}/{self.num_episodes})"
