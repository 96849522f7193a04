"""Which action is due now."""

import math
from collections import deque
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32

from clam_robot.control.latest_only import LatestOnly
from clam_robot.control.merge_rule import MergeRule
from clam_robot.control.row_average import RowAverage
from clam_robot.specs import RobotSpec
from clam_robot.types import ActionChunk

# Bounds the work of a period whatever `dt` chunks come with; 80 Hz of overlapping 3 s chunks stay below.
_MOST_CHUNKS = 256


class _Plan(NamedTuple):
    chunk: ActionChunk
    arrival: float


class ActionBroker:
    """Keeps the action chunks that still have rows to come, and merges those that are due.

    Time decides: a late chunk is used from the row that is due now, its missed rows are dropped, and chunks whose last
    row has passed give nothing, so that a silent policy never repeats old actions. A chunk that comes too late
    altogether, or answers an older observation than one before it, changes nothing. Latent actions are dropped: nothing
    behind the broker reads them, and a mean of latents need not decode to the mean of their actions.

    Args:
        rule: how chunks that are due at the same time become one action; by default the newest decides.
        spec: of the robot; says which entry is a switch (see `RowAverage`). Without it all are amounts.

    Attributes:
        num_refused: chunks that came too late or out of order since the reset.
    """

    def __init__(self, rule: MergeRule | None = None, *, spec: RobotSpec | None = None) -> None:
        self._rule = rule or LatestOnly()
        self._average = RowAverage(spec)
        self._plans: deque[_Plan] = deque(maxlen=min(self._rule.depth or _MOST_CHUNKS, _MOST_CHUNKS))
        self._oldest = -math.inf
        self.num_refused = 0

    @property
    def newest(self) -> ActionChunk | None:
        """The chunk that was accepted last; None before the first."""
        return self._plans[-1].chunk if self._plans else None

    def reset(self, since: float = -math.inf) -> None:
        """Forget the chunks of the previous episode.

        Args:
            since: time of the episode's first observation [s]; answers to older ones belong to another episode.
        """
        self._plans.clear()
        self._oldest = since
        self.num_refused = 0

    def put(self, chunk: ActionChunk, *, now: float) -> bool:
        """Take a chunk over.

        Args:
            chunk: another answer to the newest observation replaces the first.
            now: when it came [s].

        Returns:
            False for one that is refused: it answers an older observation than the newest accepted chunk, or one of an
            earlier episode, or all its rows have passed.
        """
        if chunk.observation_time < self._oldest or chunk.is_past(now):
            self.num_refused += 1
            return False
        if self._plans and chunk.observation_time == self._oldest:
            self._plans.pop()
        self._oldest = chunk.observation_time
        self._plans.append(_Plan(chunk, now))
        return True

    def action_at(self, time: float) -> Float32[np.ndarray, "A"] | None:
        """The action due at `time` [s]; None when no chunk has one, and always None past the end of all.

        Chunks are forgotten once they have passed: `time` never goes back.
        """
        self._forget(time)
        due = [(row, plan.arrival) for plan in self._plans if (row := plan.chunk.action_at(time)) is not None]
        due = [(row, arrival) for row, arrival in due if row.shape == due[-1][0].shape]
        if not due:
            return None
        weights = self._rule.weights([arrival for _, arrival in due], time)
        return self._average([row for row, _ in due], weights)

    def _forget(self, time: float) -> None:
        """Drop what has passed, the newest excepted."""
        if any(plan.chunk.is_past(time) for plan in self._plans):
            newest = self._plans[-1]
            kept = [plan for plan in self._plans if plan is newest or not plan.chunk.is_past(time)]
            self._plans.clear()
            self._plans.extend(kept)
