"""Finds a verb, imports only what that verb needs, and turns errors into one clear line."""

import difflib
import os
import select
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Protocol, runtime_checkable

from rich.markup import escape

import clam_robot
from clam_robot.cli.console import console, error_console
from clam_robot.cli.exits import EXIT_ERROR, EXIT_INTERRUPTED, EXIT_UNREAD
from clam_robot.cli.loading import loading
from clam_robot.errors import ClamRobotError, MissingDependency

# Verb -> what it is for. The module of the same name holds a dataclass `Command` with `run()`.
VERBS = {
    "demo": "the whole path on a simulated arm: record, train, serve, run, report",
    "record": "record episodes by hand (--device), or of a scripted expert or of play in simulation",
    "coverage": "tell whether play is enough for the demonstrations at hand",
    "train": "train CLAM or a baseline on recorded episodes",
    "serve": "serve a checkpoint over the network",
    "keys": "say who may use a policy server",
    "run": "drive a robot with a checkpoint or a policy server",
    "replay": "repeat a recorded episode on a robot, slower, and compare",
    "teleop": "drive a robot by hand, for practice: keyboard, gamepad, SpaceMouse, leader arm or a script",
    "reproduce": "measure the paper's tables anew",
    "evaluate": "measure a checkpoint's success over many episodes",
    "copy": "copy finished episodes to or from a URL such as s3://bucket/folder",
    "inspect": "say what is in a data set or checkpoint",
    "view": "make a recording of an episode for the Rerun viewer",
    "report": "write an HTML page of a data set, with its suspicious episodes",
    "import": "make a data set of what another program recorded: LeRobot, UMI, Bridge, films",
    "export": "write a data set in another program's format: LeRobot, UMI / diffusion policy",
    "search": "find policies for a DeepMind Control task, to record demonstrations and play with",
    "cameras": "list the cameras that are connected, or try those of a configuration",
    "calibrate": "print a board, find a camera's intrinsics and place, how late everything is, and what has drifted",
    "xs-sdk": "serve the arm, real or twin, to ROS as the vendor's node does",
    "twin": "run a WidowX that is not there: emulated servos on a serial port, moved by physics",
    "up": "start everything a robot needs on this machine, and keep it running",
    "down": "end what `clam up` started",
    "doctor": "say what this machine lacks, and the command that mends it",
    "verify": "read every episode of a data set and say what is damaged",
    "repair": "finish episodes that a crash left without an end, and take out what is damaged",
}

# Verbs that a module cannot be called by.
MODULES = {"import": "import_data"}

# Extra of pyproject.toml that brings a package.
EXTRAS = {
    "fsspec": "cloud",
    "torch": "train",
    "safetensors": "train",
    "tensorboard": "train",
    "fastapi": "server",
    "uvicorn": "server",
    "prometheus_client": "server",
    "onnxruntime": "server",
    "dynamixel_sdk": "hardware",
    "serial": "hardware",
    "mujoco": "sim",
    "metaworld": "sim",
    "dm_control": "sim",
    "scipy": "sim",
    "pygame": "teleop",
    "hid": "teleop",
    "cv2": "cameras",
    "pyrealsense2": "cameras",
    "av": "exchange",
    "pyarrow": "exchange",
    "rerun": "view",
    "PIL": "report",
    "jinja2": "report",
    "matplotlib": "report",
    "lightning_fabric": "train",
    "vector_quantize_pytorch": "train",
}


@runtime_checkable
class Runnable(Protocol):
    """What a verb's words make."""

    def run(self) -> None: ...


def dispatch(words: Sequence[str]) -> int:
    """Run one command.

    Args:
        words: of its command line, after `clam`.

    Returns:
        The exit code.
    """
    if not words or words[0] in {"-h", "--help"}:
        _print_overview()
        return 0
    if words[0] == "--version":
        console.print(f"clam-robot {clam_robot.__version__}")
        return 0
    verb, rest = words[0], words[1:]
    if verb not in VERBS:
        close = difflib.get_close_matches(verb, VERBS, n=1)
        hint = f"did you mean `clam {close[0]}`?" if close else f"there are {', '.join(VERBS)}"
        error_console.print(f"[bold red]error:[/] no command {escape(repr(verb))}; {hint}")
        return EXIT_ERROR
    try:
        _command(verb, rest).run()
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in EXTRAS:
            raise
        return _fail(
            MissingDependency(
                f"`clam {verb}` needs {package}; install it with pip install 'clam-robot[{EXTRAS[package]}]'"
            )
        )
    except ClamRobotError as error:
        return _fail(error)
    except BrokenPipeError:
        if not _is_unread():
            raise
        return EXIT_UNREAD
    except OSError as error:  # a full disk, a folder nobody may write
        from clam_robot.episodes.disk import is_full

        if error.filename is None:
            if not is_full(error):
                raise
            return _fail(ClamRobotError(f"{error.strerror}: make room on the disk, and give the same command again"))
        return _fail(
            ClamRobotError(f"{error.filename}: {error.strerror}; choose another path, or make room or way there")
        )
    except KeyboardInterrupt:
        error_console.print("[bold yellow]interrupted[/]")
        return EXIT_INTERRUPTED
    return 0


def _command(verb: str, words: Sequence[str]) -> Runnable:
    with loading():
        import logging

        import tyro
        from rich.logging import RichHandler

        from sim import opengl

        logging.basicConfig(
            level=logging.WARNING, format="%(message)s", handlers=[RichHandler(console=error_console, show_path=False)]
        )
        opengl.select_backend()  # before the arm's kinematics, or a scene, import MuJoCo
        module = import_module(f"clam_robot.cli.{MODULES.get(verb, verb.replace('-', '_'))}")
    parse = getattr(module, "parse", None)  # for verbs whose defaults depend on what is asked for
    return parse(words) if parse else tyro.cli(module.Command, prog=f"clam {verb}", args=words)


def _is_unread() -> bool:
    """Whether whoever read the output, such as `head`, has seen enough; nothing more is then said."""
    output = select.poll()
    output.register(sys.stdout.fileno(), 0)
    is_unread = any(event & select.POLLERR for _, event in output.poll(0))
    if is_unread:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the interpreter flushes once more
    return is_unread


def _fail(error: Exception) -> int:
    error_console.print(f"[bold red]error:[/] {escape(str(error))}", soft_wrap=True)
    return EXIT_ERROR


def _print_overview() -> None:
    console.print(f"[bold]clam[/] {clam_robot.__version__}: {(clam_robot.__doc__ or '').strip()}\n")
    console.print("usage: clam VERB [options]; `clam VERB --help` is the manual of a verb\n")
    for verb, purpose in VERBS.items():
        console.print(f"  [bold]{verb:<10}[/]{purpose}")
