"""The newest joint states of an xs_sdk node, and whether they can be acted on."""

import logging
from typing import Any

from clam_robot.errors import DriverError, StaleObservation
from clam_robot.hardware.joint_driver import JointState
from clam_robot.hardware.joint_message import joint_state_of
from clam_robot.timing import Clock

_log = logging.getLogger(__name__)


class JointListener:
    """Keeps the newest usable message; what makes no sense counts as silence, and is told as its cause.

    Args:
        topic: for messages.
        clock: a real one.
        stale_after: age at which a state is too old to act on [s].

    Attributes:
        source: one object per connection; another one is another run of the node. None before the first message.
    """

    def __init__(self, topic: str, clock: Clock, *, stale_after: float) -> None:
        self._topic, self._clock, self._stale_after = topic, clock, stale_after
        self.forget()

    def forget(self) -> None:
        """As before the first message."""
        self.source: Any = None
        self._newest: JointState | None = None
        self._garbage = ""

    def hear(self, message: Any) -> bool:  # noqa: ANN401
        """Take a message over.

        Returns:
            Whether it comes from another run of the node than those before.
        """
        now = self._clock.now()
        try:
            self._newest = joint_state_of(now, message)
        except DriverError as error:
            if not self._garbage:
                _log.error("%s: the joint states cannot be used: %s", self._topic, error)
            self._garbage = str(error)
        else:
            self._garbage = ""
        source, before = message._connection_header, self.source
        self.source = source
        return before is not None and source is not before

    @property
    def has_heard(self) -> bool:
        """Whether a usable message has come."""
        return self._newest is not None

    @property
    def silence(self) -> str:
        """Why there is no state to act on, empty when there is one."""
        age = float("inf") if self._newest is None else self._clock.now() - self._newest.time
        if age <= self._stale_after:
            return ""
        if self._garbage:
            return f"the messages on {self._topic} cannot be used for {age:.2f} s: {self._garbage}; look at the node"
        return f"no message on {self._topic} for {age:.2f} s; is xs_sdk running, and do the servos answer?"

    def newest(self) -> JointState:
        """The newest state.

        Raises:
            StaleObservation: it is too old.
        """
        if silence := self.silence:
            raise StaleObservation(silence)
        assert self._newest is not None
        return self._newest
