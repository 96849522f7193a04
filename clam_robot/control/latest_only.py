"""The newest chunk alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from clam_robot import config


@dataclass(frozen=True, kw_only=True)
class LatestOnly(config.Strict):
    """The newest chunk decides; where it has no row due nothing is, whatever older ones say.

    Attributes:
        rule: name in a file.
    """

    rule: Literal["latest"] = "latest"

    @property
    def depth(self) -> int | None:
        """The newest."""
        return 1

    def weights(self, arrivals: Sequence[float], time: float) -> list[float]:
        """All for the newest."""
        return [0.0] * (len(arrivals) - 1) + [1.0]
