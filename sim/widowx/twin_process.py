"""`clam twin` as a child process, for tests, benchmarks and programs that want an arm of their own."""

import re
from pathlib import Path

from clam_robot.command_process import CommandProcess
from clam_robot.errors import RobotError
from sim.widowx.twin_client import TwinClient

_PORT = re.compile(r"servo bus on (\S+)")
_ADDRESS = re.compile(r"side channel on (\S+):(\d+)")


class TwinProcess(CommandProcess):
    """A twin in its own process, from `with` to its end; it ends with this process, too, however that ends.

    Attributes:
        port: the serial port, once entered.
        address: of the side channel, once entered.

    Raises:
        RobotError: it ended or stayed silent instead; with what it printed.
    """

    def __init__(
        self,
        *,
        link: Path | None = None,
        speed: float = 1.0,
        task: str | None = None,
        board: str | None = None,
        control_port: int = 0,
        start_timeout: float = 60.0,
    ) -> None:
        """Describe it; nothing is started yet.

        Args:
            link: symbolic link to make to the port.
            speed: simulated seconds per second.
            task: what is on the table; None is the default of `clam twin`.
            board: where a calibration board is, see `clam twin --help`; None for none.
            control_port: of the side channel; 0 takes a free one.
            start_timeout: longest wait for its port [s].
        """
        words = ["twin", "--speed", str(speed), "--control-port", str(control_port), "--ends-with-stdin"]
        words += ["--link", str(link)] if link else []
        words += ["--task", task] if task else []
        words += ["--board", board] if board else []
        super().__init__(
            words, what="the twin", hear=self._hear_addresses, error=RobotError, start_timeout=start_timeout
        )
        self.port = Path()
        self.address = ("", 0)

    def client(self) -> TwinClient:
        """A new connection to its side channel."""
        return TwinClient(self.address)

    def _hear_addresses(self, line: str) -> bool:
        if found := _PORT.search(line):
            self.port = Path(found[1])
        if found := _ADDRESS.search(line):
            self.address = (found[1], int(found[2]))
        return bool(self.port.name and self.address[1])
