"""How several chunks become one action."""

from collections.abc import Sequence
from typing import Annotated, Protocol, runtime_checkable

from pydantic import Field

from clam_robot.control.latest_only import LatestOnly
from clam_robot.control.prefix_freezing import PrefixFreezing
from clam_robot.control.temporal_ensembling import TemporalEnsembling
from clam_robot.control.weighted_average import WeightedAverage


@runtime_checkable
class MergeRule(Protocol):
    """Says how much each of the chunks counts that have a row due at the same time.

    It sees neither rows nor positions in a chunk, only times, so chunks with different `dt` need no rule of their own.
    """

    @property
    def depth(self) -> int | None:
        """How many of the newest chunks it looks at; None for all."""
        ...

    def weights(self, arrivals: Sequence[float], time: float) -> list[float]:
        """The share of each chunk in the action at `time`: none negative, 1 in all.

        Args:
            arrivals: when each chunk came that has a row due, by the age of the observation it answers, oldest first
                [s]; at least one.
            time: at which the rows are due [s].
        """
        ...


# In a file a table with `rule = "..."`, on a command line a subcommand.
MergeChoice = Annotated[LatestOnly | WeightedAverage | TemporalEnsembling | PrefixFreezing, Field(discriminator="rule")]
