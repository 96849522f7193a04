"""`clam twin`."""

import os
import selectors
import signal
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from clam_robot.cli.console import console
from clam_robot.errors import ConfigError

if TYPE_CHECKING:
    from sim.widowx.twin import Twin


@dataclass(frozen=True, kw_only=True)
class Command:
    """Run a WidowX 250s that is not there: nine emulated servos on a serial port, moved by MuJoCo.

    Any program that talks to the real arm's servos talks to it: open the printed port at 1,000,000 baud. The side
    channel (`sim.widowx.twin_client.TwinClient`) resets the scene, takes pictures, makes faults and tells the truth.
    It runs before ordinary programs where that is permitted (root), as servos wait for nobody. Ctrl-C ends it.

    Attributes:
        link: symbolic link to make to the port, such as /tmp/ttyDXL.
        task: what is on the table: block, reach-block, push-button, close-microwave or pot-slide.
        speed: simulated seconds per second.
        control_port: TCP port of the side channel on the loopback interface; 0 takes a free one.
        ends_with_stdin: end when standard input is closed, for programs that start it.
    """

    link: Path | None = None
    task: str = "block"
    speed: float = 1.0
    control_port: int = 0
    ends_with_stdin: bool = False

    def __post_init__(self) -> None:
        if not 0.0 < self.speed <= 100.0:
            raise ConfigError(f"speed must be above 0 and at most 100, found {self.speed}")
        if not 0 <= self.control_port < 2**16:
            raise ConfigError(f"control_port must be from 0 to 65535, found {self.control_port}")

    def run(self) -> None:
        """Serve until interrupted."""
        from clam_robot.timing import MonotonicClock
        from sim.widowx.arm_physics import ArmPhysics
        from sim.widowx.priority import run_urgently
        from sim.widowx.tasks import make_task
        from sim.widowx.twin import Twin
        from sim.widowx.twin_service import serve_requests

        twin = Twin(ArmPhysics(make_task(self.task)), MonotonicClock(), link=self.link, speed=self.speed)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: twin.stop())
        if self.ends_with_stdin:
            self._watch_stdin(twin)
        with closing(twin), serve_requests(twin, port=self.control_port) as (host, port):
            console.print(f"servo bus on {twin.port.path} at 1000000 baud; Ctrl-C ends it", soft_wrap=True)
            console.print(f"side channel on {host}:{port}", soft_wrap=True)
            run_urgently()
            twin.run()
        console.print("twin stopped")

    @staticmethod
    def _watch_stdin(twin: "Twin") -> None:
        def look() -> None:
            if not os.read(sys.stdin.fileno(), 4096):
                twin.stop()

        try:
            twin.selector.register(sys.stdin, selectors.EVENT_READ, look)
        except PermissionError:
            twin.close()
            raise ConfigError("--ends-with-stdin needs a pipe or a terminal as standard input, found a file") from None
