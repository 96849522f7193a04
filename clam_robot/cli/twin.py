"""`clam twin`."""

import os
import selectors
import signal
import sys
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from calibration.board import Board
from clam_robot.cli.console import console
from clam_robot.errors import ConfigError
from clam_robot.hardware.wx250s import JOINT_NAMES

if TYPE_CHECKING:
    from sim.widowx.twin import Twin

_FINENESS = 64  # of the board's print [pixel per square]


@dataclass(frozen=True, kw_only=True)
class Command:
    """Run a WidowX 250s that is not there: nine emulated servos on a serial port, moved by MuJoCo.

    Any program that talks to the real arm's servos talks to it: open the printed port at 1,000,000 baud. The side
    channel (`sim.widowx.twin_client.TwinClient`) resets the scene, takes pictures, makes faults and tells the truth.
    It runs before ordinary programs where that is permitted (root), as servos wait for nobody. Ctrl-C ends it.

    Attributes:
        link: symbolic link to make to the port, such as /tmp/ttyDXL.
        task: what is on the table: block, reach-block, push-button, close-microwave or pot-slide.
        board: for calibration, instead of a task: where a board is that the scene's cameras see. table, gripper, or the
            name of a camera (wrist, over_shoulder) before which somebody then holds it in many ways.
        board_size: what is printed on it.
        offsets: by how much each joint, from waist to wrist_rotate, is further than its servo says [rad].
        picture_latency: by how much pictures are older than their stamps [s].
        speed: simulated seconds per second.
        control_port: TCP port of the side channel on the loopback interface; 0 takes a free one.
        ends_with_stdin: end when standard input is closed, for programs that start it.
    """

    link: Path | None = None
    task: str = "block"
    board: str | None = None
    board_size: Board = field(default_factory=Board)
    offsets: tuple[float, float, float, float, float, float] = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    picture_latency: float = 0.0
    speed: float = 1.0
    control_port: int = 0
    ends_with_stdin: bool = False

    def __post_init__(self) -> None:
        if not 0.0 < self.speed <= 100.0:
            raise ConfigError(f"speed must be above 0 and at most 100, found {self.speed}")
        if not 0 <= self.control_port < 2**16:
            raise ConfigError(f"control_port must be from 0 to 65535, found {self.control_port}")
        if not 0.0 <= self.picture_latency < 10.0:
            raise ConfigError(f"picture_latency must be 0 s or more and less than 10 s, found {self.picture_latency}")

    def run(self) -> None:
        """Serve until interrupted."""
        from clam_robot.timing import MonotonicClock
        from sim.widowx.arm_physics import ArmPhysics
        from sim.widowx.bare_table import BareTable
        from sim.widowx.board_print import BoardPrint
        from sim.widowx.faults import require_offset
        from sim.widowx.priority import run_urgently
        from sim.widowx.scene_board import SceneBoard
        from sim.widowx.tasks import make_task
        from sim.widowx.twin import Twin
        from sim.widowx.twin_service import serve_requests

        board = None
        if self.board is not None:
            on_it = BoardPrint(picture=self.board_size.picture(_FINENESS), size=self.board_size.size)
            board = SceneBoard(on_it, self.board)
        physics = ArmPhysics(make_task(self.task) if board is None else BareTable())
        for joint, offset in zip(JOINT_NAMES, self.offsets, strict=True):
            physics.mount(joint, require_offset(offset))
        twin = Twin(physics, MonotonicClock(), link=self.link, speed=self.speed)
        twin.faults.picture_latency = self.picture_latency
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: twin.stop())
        if self.ends_with_stdin:
            self._watch_stdin(twin)
        with closing(twin), serve_requests(twin, port=self.control_port, board=board) as (host, port):
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
