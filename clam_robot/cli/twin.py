"""`clam twin`."""

import signal
from dataclasses import dataclass
from pathlib import Path

from clam_robot.cli.console import console
from clam_robot.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Command:
    """Run a WidowX 250s that is not there: nine emulated servos on a serial port, moved by MuJoCo.

    Any program that talks to the real arm's servos talks to it: open the printed port at 1,000,000 baud.
    Ctrl-C ends it.

    Attributes:
        link: symbolic link to make to the port, such as /tmp/ttyDXL.
        speed: simulated seconds per second.
    """

    link: Path | None = None
    speed: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 < self.speed <= 100.0:
            raise ConfigError(f"speed must be above 0 and at most 100, found {self.speed}")

    def run(self) -> None:
        """Serve until interrupted."""
        from clam_robot.timing import MonotonicClock
        from sim.widowx.arm_physics import ArmPhysics
        from sim.widowx.twin import Twin

        twin = Twin(ArmPhysics(), MonotonicClock(), link=self.link, speed=self.speed)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: twin.stop())
        console.print(f"servo bus on {twin.port.path} at 1000000 baud; Ctrl-C ends it", soft_wrap=True)
        twin.run()
        console.print("twin stopped")
