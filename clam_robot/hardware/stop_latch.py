"""The software stop: once set, nothing moves until a person clears it."""

import logging
import threading
from dataclasses import dataclass

from clam_robot.errors import ArmStopped
from clam_robot.hardware.safety_rules import Reason

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class StopCause:
    """Why the arm was stopped.

    Attributes:
        reason: the rule, or `stopped` for a person.
        detail: in words.
    """

    reason: Reason
    detail: str

    def __str__(self) -> str:
        """For words that say already that the arm is stopped."""
        return self.detail if self.reason is Reason.STOPPED else f"{self.reason}: {self.detail}"


class StopLatch:
    """Keeps the first cause until it is cleared. May be set from any thread: a key, a request, a topic, a rule."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._cause: StopCause | None = None
        self._newest: StopCause | None = None
        self._num_stops = 0
        self._told: set[Reason] = set()

    @property
    def cause(self) -> StopCause | None:
        """Why the arm is stopped; None when it may move."""
        return self._cause

    @property
    def num_stops(self) -> int:
        """How often it was stopped; has grown where a stop came and was cleared before anybody looked at the cause."""
        return self._num_stops

    @property
    def newest(self) -> StopCause | None:
        """Why it was stopped last, cleared or not."""
        return self._newest

    def stop(self, reason: Reason = Reason.STOPPED, detail: str = "asked for by a person") -> None:
        """Stop the arm; what comes after the first cause is logged only, each reason once: rules look all the time."""
        cause = StopCause(reason=reason, detail=detail)
        with self._changed:
            if self._cause is not None:
                if reason not in self._told:
                    self._told.add(reason)
                    logger.warning("already stopped, further cause: %s", cause)
                return
            self._cause, self._told = cause, {reason}
            self._newest = cause
            self._num_stops += 1
        # A person who stops it, or is waited for, is no fault.
        logger.log(logging.WARNING if reason is Reason.STOPPED else logging.ERROR, "arm stopped: %s", cause)

    def clear(self) -> None:
        """Allow motion again; whoever clears has looked at the arm."""
        with self._changed:
            cause, self._cause = self._cause, None
            self._changed.notify_all()
        if cause is not None:
            logger.warning("stop cleared (%s)", cause)

    def wait_until_clear(self, timeout: float | None = None) -> bool:
        """Wait for whoever clears it, `timeout` [s] at most; whether it is clear."""
        with self._changed:
            return self._changed.wait_for(lambda: self._cause is None, timeout)

    def require_clear(self, since: int | None = None) -> None:
        """Refuse to go on while stopped.

        Args:
            since: `num_stops` from when what goes on began; a stop that came afterwards counts though it was cleared.

        Raises:
            ArmStopped: says why and what to do.
        """
        cause = self._cause
        if cause is not None:
            raise ArmStopped(f"the arm is stopped ({cause}); look at it, then clear the stop")
        if since is not None and self._num_stops != since:
            raise ArmStopped(f"the arm was stopped on the way ({self._newest}) and the stop was cleared; begin anew")
