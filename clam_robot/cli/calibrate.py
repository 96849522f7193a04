"""`clam calibrate board | intrinsics | hand-eye | arm | gripper | latency | self-test | check`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

import tyro

from calibration.board import Board
from calibration.board_print import print_board
from clam_robot.cli.calibrate_arm import ArmCommand
from clam_robot.cli.calibrate_check import CheckCommand
from clam_robot.cli.calibrate_gripper import GripperCommand
from clam_robot.cli.calibrate_hand_eye import HandEyeCommand
from clam_robot.cli.calibrate_intrinsics import IntrinsicsCommand
from clam_robot.cli.calibrate_latency import LatencyCommand
from clam_robot.cli.calibrate_self_test import SelfTestCommand
from clam_robot.cli.console import console
from clam_robot.cli.interruption import tells_what_stays


@runtime_checkable
class Runs(Protocol):
    """A command."""

    def run(self) -> None:
        """Do it."""
        ...


@dataclass(frozen=True, kw_only=True)
class BoardCommand:
    """Print a board at true scale, with a ruler beneath it to check the printer.

    Attributes:
        out: file to write; .pdf, .svg or .png.
        board: what to draw.
        paper: a4, a3, a2 or letter; the smallest that fits by default.
    """

    out: Path = Path("board.pdf")
    board: Board = field(default_factory=Board)
    paper: str | None = None

    def run(self) -> None:
        """Write the file."""
        paper = print_board(self.board, self.out, self.paper)
        console.print(f"board: {self.out} on {paper}", markup=False, soft_wrap=True)
        console.print(
            "print it at 100 %, measure the ruler with a calliper, and glue it onto something flat; "
            f"a square that is not {1000 * self.board.square:g} mm is given as --board.square",
            markup=False,
            soft_wrap=True,
        )


AnyCommand = (
    BoardCommand
    | IntrinsicsCommand
    | HandEyeCommand
    | ArmCommand
    | GripperCommand
    | LatencyCommand
    | SelfTestCommand
    | CheckCommand
)
COMMANDS: dict[str, type[AnyCommand]] = {
    "board": BoardCommand,
    "intrinsics": IntrinsicsCommand,
    "hand-eye": HandEyeCommand,
    "arm": ArmCommand,
    "gripper": GripperCommand,
    "latency": LatencyCommand,
    "self-test": SelfTestCommand,
    "check": CheckCommand,
}


@dataclass(frozen=True)
class Interruptible:
    """A command that says at Ctrl-C what stays.

    Attributes:
        command: that writes, or reads, a calibration.
    """

    command: AnyCommand

    def run(self) -> None:
        """Do it."""
        with tells_what_stays(self.file):
            self.command.run()

    @property
    def file(self) -> Path:
        """That it writes, or reads."""
        match self.command:
            case CheckCommand(calibration=file) | SelfTestCommand(calibration=file):
                return file
            case _:
                return self.command.out


def parse(words: Sequence[str]) -> Runs:
    """The command that the words ask for."""
    if words and words[0] in COMMANDS:  # so that its errors name its own help
        return Interruptible(tyro.cli(COMMANDS[words[0]], prog=f"clam calibrate {words[0]}", args=words[1:]))
    return tyro.extras.subcommand_cli_from_dict(COMMANDS, prog="clam calibrate", args=words)
