"""A new plan takes over gently."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from clam_robot import config
from clam_robot.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class PrefixFreezing(config.Strict):
    """When a chunk comes, the plan so far stays for a while, then fades into the new one; where only one has a row due,
    that one counts at once.

    What real-time chunking (arXiv 2506.07339) does in the policy, this does to its answers: there a diffusion or flow
    policy is made to *begin* its new chunk with the frozen actions and to continue them (inpainting), so that both fit.
    Here the new chunk knows nothing of the frozen ones, and in the crossfade the arm does what neither of two plans
    meant where they disagree (left and right of an obstacle).

    Attributes:
        rule: name in a file.
        frozen: how long the plan so far stays after a chunk came [s].
        crossfade: how long it then takes to fade, linearly [s].
    """

    rule: Literal["freeze"] = "freeze"
    frozen: float = 0.1
    crossfade: float = 0.2

    def __post_init__(self) -> None:
        for name in ("frozen", "crossfade"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ConfigError(f"{name} must be a number of seconds, at least 0, found {getattr(self, name)}")

    @property
    def depth(self) -> int | None:
        """All."""
        return None

    def weights(self, arrivals: Sequence[float], time: float) -> list[float]:
        """Chunk by chunk, each fades in over what the ones before it make together."""
        shares = [1.0]
        for arrival in arrivals[1:]:
            new = self._share(time - arrival)
            shares = [share * (1.0 - new) for share in shares] + [new]
        return shares

    def _share(self, age: float) -> float:
        if age < self.frozen:
            return 0.0
        if age >= self.frozen + self.crossfade:
            return 1.0
        return (age - self.frozen) / self.crossfade
