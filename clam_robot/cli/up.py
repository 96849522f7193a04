"""`clam up`."""

import json
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from clam_robot import config
from clam_robot.cli.console import console
from clam_robot.cli.loading import loading
from clam_robot.cli.terminate import ended_by_terminate
from clam_robot.deployment.process_id import ProcessId, end_all
from clam_robot.deployment.rotating_log import RotatingLog
from clam_robot.deployment.sim_set import SimConfig, page_key
from clam_robot.deployment.state import Phase, State, forget_state, read_state, write_state
from clam_robot.errors import ConfigError, MissingDependency, ServerError
from clam_robot.timing import Clock, MonotonicClock

FOLDER = Path("outputs/up")
_POLL = 0.05  # [s]
_MASTER = "rosmaster"


@dataclass(frozen=True, kw_only=True)
class Command:
    """Start everything a robot needs on this machine, and keep it running; `clam down` ends it.

    With --sim, no hardware is needed: an emulated servo bus, a ROS master, the node that serves the arm, a policy
    server, and the control loop with its page. Nothing moves before a person presses the button of the page, whatever
    was restarted meanwhile. On a real arm: docker compose --profile real, see docker/README.md.

    Attributes:
        sim: simulate the arm.
        folder: of logs, state, and the page's key.
        timeout: longest wait until all is ready [s].
        setup: what is simulated, and where it listens.
    """

    sim: bool = False
    folder: Path = FOLDER
    timeout: float = 120.0
    setup: Annotated[SimConfig, tyro.conf.arg(name="")] = field(default_factory=SimConfig)

    def run(self) -> None:
        """Start it, and say where everything is once it is ready.

        Raises:
            ConfigError: it runs already, a port is taken, or the timeout is none.
            UnknownRobot: there is no such task.
            CheckpointError: there is no such checkpoint.
            MissingDependency: ROS is not installed.
            ServerError: it was not ready in time, and was ended again.
        """
        if not self.sim:
            raise ConfigError(
                "expected --sim; a real arm is started with: docker compose -f docker/compose.yaml --profile real up"
            )
        if not self.timeout > 0:
            raise ConfigError(f"--timeout: expected a number of seconds above 0, found {self.timeout:g}")
        if shutil.which(_MASTER) is None:
            raise MissingDependency(
                f"`clam up` needs ROS 1, found no {_MASTER}; run: sudo apt-get install python3-rosmaster python3-rospy "
                "python3-sensor-msgs python3-trajectory-msgs, then docker/setup-host"
            )
        _require_there_is(self.setup)
        clock, folder = MonotonicClock(), self.folder.absolute()
        begin = clock.now()
        _require_nothing_is_left(folder)
        with ended_by_terminate():
            keeper = _start(self.setup.with_ports(), folder)
            try:
                with _written(folder):  # whoever looks before the keeper has loaded finds it
                    write_state(folder, State(keeper=ProcessId.of(keeper.pid)))
                with console.status("starting") as shown:
                    state = _await_ready(keeper, folder, clock, self.timeout, shown.update)
            except BaseException:
                _end(keeper, folder, clock)
                raise
        for name, program in state.programs.items():
            process = "" if program.process is None else program.process.pid
            console.print(f"{name:<8}{process:<9}{program.address}", markup=False, soft_wrap=True)
        console.print(f"all ready after {clock.now() - begin:.1f} s; logs are in {folder}", soft_wrap=True)
        console.print(f"nothing moves before a person lets it: {_page(state, folder)}", soft_wrap=True)


def _require_there_is(setup: SimConfig) -> None:
    """Look at what programs would otherwise fail at again and again."""
    with loading():
        from sim.widowx.tasks import make_task

    make_task(setup.task)
    if setup.checkpoint is not None:
        with loading():
            from clam_robot.models.checkpoint import load_header

        load_header(setup.checkpoint)


def _require_nothing_is_left(folder: Path) -> None:
    """What a machine that was switched off left in the file is nothing any more."""
    state = read_state(folder)
    if state is None:
        return
    end = f"end it with: clam down --folder {folder}"
    if state.keeper.is_alive():
        is_up = f"up in {folder} already" + (f", with its page at {_page(state, folder)}" if state.is_ready else "")
        raise ConfigError(f"{is_up}; {end}")
    left = [name for name, program in state.programs.items() if program.process and program.process.is_left()]
    if left or state.keeper.is_left():
        raise ConfigError(f"what was up in {folder} lost its keeper; left of it: {', '.join(left)}; {end}")


def _page(state: State, folder: Path) -> str:
    """Address that lets a person clear a stop."""
    return f"{state.programs['loop'].address}?key={page_key(folder).read_text().strip()}"


def _start(setup: SimConfig, folder: Path) -> subprocess.Popen[bytes]:
    with _written(folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "setup.json").write_text(json.dumps(config.to_dict(setup)))
        key = page_key(folder)
        key.touch(mode=0o600)
        key.write_text(secrets.token_urlsafe(12))
    with (folder / "keeper.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "clam_robot.deployment", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


@contextmanager
def _written(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigError(
            f"cannot write to {folder}: {error.strerror}; choose another with --folder, or make room or way there"
        ) from None


def _await_ready(
    keeper: subprocess.Popen[bytes], folder: Path, clock: Clock, timeout: float, tell: Callable[[str], object]
) -> State:
    deadline = clock.now() + timeout
    while True:
        state = read_state(folder)
        if state is not None and state.is_ready:
            return state
        tell(f"starting {', '.join(_late(state)) or 'the keeper'}")
        if keeper.poll() is not None:
            raise ServerError(f"the keeper ended: {RotatingLog(folder / 'keeper.log').tail()}")
        if clock.now() > deadline:
            raise ServerError(f"not ready within {timeout:g} s: {_what_is_late(state, folder)}")
        clock.sleep_until(clock.now() + _POLL)


def _late(state: State | None) -> list[str]:
    programs = {} if state is None else state.programs
    return [name for name, program in programs.items() if program.phase is not Phase.READY]


def _what_is_late(state: State | None, folder: Path) -> str:
    late = _late(state)
    started = next((name for name in late if state is not None and state.programs[name].num_starts), None)
    said = "" if started is None else f"; {started} said: {RotatingLog(folder / f'{started}.log').tail()}"
    return f"{', '.join(late) or 'the keeper'}{said}"


def _end(keeper: subprocess.Popen[bytes], folder: Path, clock: Clock) -> None:
    keeper.terminate()
    keeper.wait()
    state = read_state(folder)  # of a keeper that could not end the others
    if state is not None:
        end_all(state.processes, clock, patience=5.0)
    forget_state(folder)
