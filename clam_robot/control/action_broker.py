"""Which action is due now."""

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

    def reset(self) -> None:
        """Forget the chunk of the previous episode."""
        self._chunk = None

    def put(self, chunk: ActionChunk) -> bool:
        """Take a chunk over; one that answers an older observation than the present one is refused (False)."""
        if self._chunk is not None and chunk.observation_time < self._chunk.observation_time:
            return False
        self._chunk = chunk
        return True

    def action_at(self, time: float) -> Float32[np.ndarray, "A"] | None:
        """The action due at `time` [s]; None when the newest chunk has nothing for it."""
        return None if self._chunk is None else self._chunk.action_at(time)
