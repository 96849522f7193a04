"""How often a caller may ask."""

from clam_robot.timing import Clock


class TokenBucket:
    """Lets `rate` requests a second through, and as many at once after a rest.

    Args:
        rate: [1/s].
        clock: measures.
        burst: at once; one second's worth by default, at least one.
    """

    def __init__(self, rate: float, clock: Clock, *, burst: float | None = None) -> None:
        self._rate = rate
        self._clock = clock
        self._burst = max(1.0, rate if burst is None else burst)
        self._tokens = self._burst
        self._since = clock.now()

    def take(self) -> float:
        """Take a place; how long to wait for it [s], 0 when it is free. The place is taken either way."""
        self._fill()
        self._tokens -= 1.0
        return max(0.0, -self._tokens / self._rate)

    def try_take(self) -> float:
        """Take a place if one is free (0), else say in how long one will be [s]."""
        self._fill()
        if self._tokens < 1.0:
            return (1.0 - self._tokens) / self._rate
        self._tokens -= 1.0
        return 0.0

    def _fill(self) -> None:
        now = self._clock.now()
        self._tokens = min(self._burst, self._tokens + (now - self._since) * self._rate)
        self._since = now
