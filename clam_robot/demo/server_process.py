"""`clam serve` as a child process."""

import re
from pathlib import Path

from clam_robot.command_process import CommandProcess
from clam_robot.errors import ServerError

_URL = re.compile(r"wss?://\S+")


class ServerProcess(CommandProcess):
    """A policy server in its own process on a free loopback port, from `with` to its end.

    It computes as the policy in process does, to the last bit.

    Attributes:
        url: WebSocket address, once entered.

    Raises:
        ServerError: the server ended or stayed silent instead of serving; with what it printed.
    """

    def __init__(self, checkpoint: Path, *, start_timeout: float = 120.0) -> None:
        super().__init__(
            ["serve", "--checkpoint", str(checkpoint), "--port", "0", "--engine", "eager"],
            what=f"the server for {checkpoint}",
            hear=self._hear_url,
            error=ServerError,
            start_timeout=start_timeout,
        )
        self.url = ""

    def _hear_url(self, line: str) -> bool:
        if found := _URL.search(line):
            self.url = found[0]
        return bool(self.url)
