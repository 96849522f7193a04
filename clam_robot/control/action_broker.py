"""Which action is due now."""

import math

import numpy as np
from jaxtyping import Float32

from clam_robot.types import ActionChunk


class ActionBroker:
    """Keeps the newest action chunk and picks the row that is due.

    Time decides: a late chunk is used from the row that is due now, its missed rows are dropped, and a chunk whose last
    row has passed gives nothing, so that a silent policy never repeats old actions.
    """

    def __init__(self) -> None:
        self._chunk: ActionChunk | None = None
        self._oldest = -math.inf

    def reset(self, since: float = -math.inf) -> None:
        """Forget the chunk of the previous episode.

        Args:
            since: time of the episode's first observation [s]; answers to older ones belong to another episode.
        """
        self._chunk = None
        self._oldest = since

    def put(self, chunk: ActionChunk) -> bool:
        """Take a chunk over; one that answers an older observation than the present one is refused (False)."""
        if chunk.observation_time < self._oldest:
            return False
        self._chunk = chunk
        self._oldest = chunk.observation_time
        return True

    def action_at(self, time: float) -> Float32[np.ndarray, "A"] | None:
        """The action due at `time` [s]; None when the newest chunk has nothing for it."""
        return None if self._chunk is None else self._chunk.action_at(time)
