"""Old plan and new one, in fixed shares."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from clam_robot import config
from clam_robot.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class WeightedAverage(config.Strict):
    """Each chunk is averaged into the plan so far where both have a row due; else the one that has it counts.

    The plan so far is itself such an average, so a chunk's share falls by `1 - new_weight` with each that follows. With
    .7 the rule that LeRobot's asynchronous inference calls weighted_average.

    Attributes:
        rule: name in a file.
        new_weight: share of the new chunk.
    """

    rule: Literal["weighted"] = "weighted"
    new_weight: float = 0.7

    def __post_init__(self) -> None:
        if not 0 < self.new_weight <= 1:
            raise ConfigError(f"new_weight must lie above 0 and be at most 1, found {self.new_weight}")

    @property
    def depth(self) -> int | None:
        """All."""
        return None

    def weights(self, arrivals: Sequence[float], time: float) -> list[float]:
        """Geometric, newest first; the oldest takes what is left."""
        shares = [1.0]
        for _ in arrivals[1:]:
            shares = [share * (1.0 - self.new_weight) for share in shares] + [self.new_weight]
        return shares
