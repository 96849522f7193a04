"""What goes wrong in an episode, kept in order, so that nothing that fails on the way out hides the cause."""

import logging
from types import TracebackType

from clam_robot.errors import ClamRobotError, PolicyUnavailable

logger = logging.getLogger(__name__)


class Failures:
    """Keeps every failure, Ctrl-C included, until what must still be done is done; then raises the cause.

    The cause is the first failure, but an interruption goes before an error: whoever pressed Ctrl-C wants out. Further
    failures are logged and become notes of the cause.
    """

    def __init__(self) -> None:
        self._failures: list[tuple[str, BaseException]] = []

    def __bool__(self) -> bool:
        return bool(self._failures)

    def during(self, what: str) -> "Keeping":
        """A `with` block whose failure is kept, and behind which the program goes on.

        Args:
            what: what is being done, for the log: "holding the robot".
        """
        return Keeping(self, what)

    def keep(self, what: str, error: BaseException) -> None:
        """Add a failure."""
        if self._failures:
            logger.error("while %s: %r", what, error, exc_info=None if isinstance(error, ClamRobotError) else error)
        self._failures.append((what, error))

    @property
    def end(self) -> str:
        """The cause in one word, as in `EpisodeOutcome.end`."""
        match self._cause():
            case PolicyUnavailable():
                return "policy"
            case Exception():
                return "fault"
            case _:
                return "interrupted"

    def raise_cause(self) -> None:
        """Raise the cause, the other failures noted on it; nothing when nothing failed."""
        if not self._failures:
            return
        cause = self._cause()
        for what, error in self._failures:
            if error is not cause:
                cause.add_note(f"also, while {what}: {error!r}")
        raise cause

    def _cause(self) -> BaseException:
        errors = [error for _, error in self._failures]
        return next((error for error in errors if not isinstance(error, Exception)), errors[0])


class Keeping:
    """See `Failures.during`."""

    def __init__(self, failures: Failures, what: str) -> None:
        self._failures = failures
        self._what = what

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if error is not None:
            self._failures.keep(self._what, error)
        return True
