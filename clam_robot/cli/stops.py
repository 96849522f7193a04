"""The ways in which the arm is stopped while a command drives it, and in which a person lets it go on."""

import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from clam_robot.cli.console import console
from clam_robot.cli.terminate import ended_by_terminate
from clam_robot.errors import ArmStopped, ClamRobotError, ConfigError, PortUnavailable, RobotError
from clam_robot.hardware.safety_rules import Reason
from clam_robot.hardware.stop_latch import StopLatch
from teleop.stop_keys import StopKeys
from teleop.terminal_keys import TerminalKeys


@dataclass(frozen=True, kw_only=True)
class StopOptions:
    """How the arm is stopped, beside any key.

    Attributes:
        stop_page: HOST:PORT of a page with a stop button, for a phone beside the arm, or a program; none by default.
        page_key: file with the key that lets a person clear a stop on the page; by default a new one is printed.
    """

    stop_page: str | None = None
    page_key: Path | None = None


class Stops:
    """Keys and page, open while the arm is driven.

    Args:
        options: which.
        latch: of the arm.
        stack: closes what is opened.
        ros_namespace: where a topic stops it too; None without ROS.
        keys: of the terminal, where others read them too.
        what_keys_do: for the person.
    """

    def __init__(
        self,
        options: StopOptions,
        latch: StopLatch,
        stack: ExitStack,
        *,
        ros_namespace: str | None = None,
        keys: TerminalKeys | None = None,
        what_keys_do: str = "any key stops the arm; Ctrl-C ends the command",
    ) -> None:

        self._latch = latch
        self._ways: list[str] = []
        if ros_namespace is not None:
            from clam_robot.hardware.ros_stop import RosStop

            stack.callback(RosStop(latch, ros_namespace).close)
        if options.stop_page is not None:
            from teleop.page_address import parse_address
            from teleop.page_server import PageServer
            from teleop.stop_page import create_stop_app

            app, key = create_stop_app(latch, name="WidowX", key=_key(options.page_key))
            page = stack.enter_context(PageServer(app, parse_address(options.stop_page)))
            where = (
                f"{page.url}?key={key}" if options.page_key is None else f"{page.url}, its key is in {options.page_key}"
            )
            console.print(f"stop button: {where}", soft_wrap=True)
            self._ways.append("the page's button")
        stack.enter_context(ended_by_terminate())
        keys = keys or TerminalKeys(sys.stdin)
        keys.listen(StopKeys(latch))
        if stack.enter_context(keys).is_open:
            console.print(what_keys_do)
            self._ways.append("the key c")

    def until_done(self, drive: Callable[[], object], *, recover: Callable[[], object]) -> bool:
        """Drive the arm; when it is stopped, wait for the person who looks at it and clears the stop.

        Args:
            drive: until it returns, or raises.
            recover: makes the arm ready again, or raises where it cannot be.

        Returns:
            False where it was stopped on the way and is ready again.

        Raises:
            RobotError: it was stopped, and nobody here can clear it.
            PortUnavailable: another run has to open it.
        """
        num_stops = self._latch.num_stops
        try:
            drive()
        except ClamRobotError as error:
            if not self._was_stopped(num_stops) or not self._ways:
                raise
            self._require_reachable(error)
            self._await_clear(error, recover)
            return False
        return True

    def until_finished(self, drive: Callable[[], object], *, recover: Callable[[], object], what: str) -> None:
        """Drive the arm to the end; what was stopped on the way begins anew, as a stop says nothing of the policy.

        Args:
            drive: as for `until_done`; leaves no trace where it raises.
            recover: as for `until_done`.
            what: is done, for the person.

        Raises:
            RobotError: it was stopped, and nobody here can clear it.
        """
        while not self.until_done(drive, recover=recover):
            console.print(f"{what} begins anew; what was stopped counts neither as success nor as failure")

    def await_person(self, what: str, *, recover: Callable[[], object]) -> None:
        """Stop the arm until a person lets it go on.

        Args:
            what: was done so far, for the person.
            recover: as for `until_done`.

        Raises:
            ConfigError: nobody could.
        """
        if not self._ways:
            raise ConfigError(
                "--wait-for-person: expected a page or a terminal for the answer, found none; add --stop-page HOST:PORT"
            )
        self._latch.stop(detail=f"{what}; waiting for a person")
        self._await_clear(ArmStopped(what), recover)

    def _await_clear(self, error: ClamRobotError, recover: Callable[[], object]) -> None:
        while True:
            console.print(f"[bold red]stopped:[/] {self._latch.newest or error}", soft_wrap=True)
            console.print(f"look at the arm; {' or '.join(self._ways)} clears the stop and goes on, Ctrl-C ends")
            self._latch.wait_until_clear()
            num_stops = self._latch.num_stops
            try:
                recover()
            except RobotError as again:
                if isinstance(again, PortUnavailable) or not self._was_stopped(num_stops):
                    raise
                self._require_reachable(again)
                error = again
            else:
                console.print("cleared: the arm goes to its start")
                return

    def _require_reachable(self, error: ClamRobotError) -> None:
        """Nobody clears the stop of an arm that this run does not reach any more."""
        cause = self._latch.newest
        if cause is not None and cause.reason is Reason.LOST:
            raise PortUnavailable(cause.detail) from error

    def _was_stopped(self, since: int) -> bool:
        """Whether it is stopped, or was and is cleared already: a person may be quicker than what notices."""
        return self._latch.cause is not None or self._latch.num_stops != since


def _key(file: Path | None) -> str | None:
    if file is None:
        return None
    key = file.read_text(encoding="utf-8").strip() if file.is_file() else ""
    if not key:
        raise ConfigError(f"page_key: expected a file with a key, found none at {file}; make one: openssl rand -hex 12")
    return key
