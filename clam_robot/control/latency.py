"""How long answers take, as far as the last ones tell."""

import math
from collections import deque

from clam_robot.errors import ConfigError


class LatencyEstimate:
    """A high quantile of the last answers' latencies: most answers come sooner, and one that stalled is soon forgotten.

    Args:
        window: answers that count.
        quantile: share of them that are no slower than the estimate.

    Raises:
        ConfigError: a window without an answer, or a quantile beyond 0 and 1.
    """

    def __init__(self, *, window: int = 64, quantile: float = 0.95) -> None:
        if window < 1 or not 0 < quantile <= 1:
            raise ConfigError(
                f"a latency estimate needs a window of at least 1 and a quantile in (0, 1], "
                f"found {window} and {quantile}"
            )
        self._latencies: deque[float] = deque(maxlen=window)
        self._quantile = quantile
        self._estimate: float | None = None

    def add(self, seconds: float) -> None:
        """An answer came after so long [s]; one that is no number of seconds is left out."""
        if not 0 <= seconds < math.inf:
            return
        self._latencies.append(seconds)
        ordered = sorted(self._latencies)
        self._estimate = ordered[math.ceil(self._quantile * len(ordered)) - 1]

    @property
    def seconds(self) -> float | None:
        """The estimate [s]; None before the first answer."""
        return self._estimate
