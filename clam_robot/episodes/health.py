"""How a recording is doing while it runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

# A queue that is fuller than this soon drops [0 .. 1].
_FILL_ALARM = 0.5


@dataclass(frozen=True, kw_only=True)
class RecordingHealth:
    """How the open episode is doing; of nothing, where none is open.

    Attributes:
        num_taken: records taken over, by stream: "rows", "joints", "images/<camera>".
        num_dropped: records refused because encoder or disk are slower than their source, by stream.
        queue_fill: share of the memory between sources and disk that is in use [0 .. 1].
        failure: why nothing is written any more; None while all is well.
    """

    num_taken: Mapping[str, int] = field(default_factory=dict[str, int])
    num_dropped: Mapping[str, int] = field(default_factory=dict[str, int])
    queue_fill: float = 0.0
    failure: str | None = None

    @property
    def alarm(self) -> str | None:
        """What a person should know now, in a sentence; None while all is well."""
        if self.failure is not None:
            return f"recording stopped: {self.failure}"
        lost = ", ".join(f"{number} of {stream}" for stream, number in self.num_dropped.items() if number)
        if lost:
            return f"encoder or disk are too slow, lost {lost}; record fewer or smaller pictures, or to a faster disk"
        if self.queue_fill > _FILL_ALARM:
            return f"encoder or disk fall behind: the queue is {100 * self.queue_fill:.0f} % full"
        return None
