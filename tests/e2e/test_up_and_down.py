"""Everything a robot needs, on one machine: it comes up, works when a person lets it, and whatever dies comes back.

One set serves all of these, in this order: what each of them leaves is where the next one begins.
"""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import numpy as np
import pytest

from clam_robot.cli.exits import EXIT_ERROR, EXIT_INTERRUPTED
from clam_robot.cli.main import main
from clam_robot.deployment.sim_set import page_key
from clam_robot.deployment.state import State, read_state
from sim.widowx.truth import TwinState
from sim.widowx.twin_client import TwinClient
from tests.e2e.conftest import clam
from tests.e2e.program_logs import show_logs_of
from tests.programs import wait_for

# One at a time: the arm needs its share of the machine.
pytestmark = [pytest.mark.slow, pytest.mark.e2e, pytest.mark.xdist_group("arm")]

PATIENCE = 240.0  # [s]
MOVING = 0.1  # [rad/s]
STILL = 0.01  # [rad]
SUSPENDED = 3.0  # [s]
WATCHED = 1.0  # how long an arm that holds is looked at [s]
FREE_PORTS = tuple(word for name in ("master", "server", "page", "bench") for word in (f"--{name}-port", "0"))
PROGRAMS = {"master", "twin", "server", "xs_sdk", "loop"}


class Robot:
    """What was started from a folder, as a person beside it knows it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ports = json.loads((folder / "setup.json").read_text())
        self._headers = {"X-Page-Key": page_key(folder).read_text()}
        self._page = f"http://127.0.0.1:{self._ports['page_port']}"

    @property
    def state(self) -> State:
        state = read_state(self.folder)
        assert state is not None
        return state

    def page(self) -> dict[str, object]:
        """What the page shows; nothing while nobody serves it."""
        try:
            return httpx2.get(f"{self._page}/v1/arm", timeout=10.0).json()
        except httpx2.HTTPError:
            return {}

    def stopped_by(self) -> str | None:
        """Rule and words by which the page says that the arm is stopped; None where it does not."""
        page = self.page()
        return f"{page['reason']}: {page['detail']}" if page.get("stopped") is True else None

    def is_stopped_by(self, rule: str) -> bool:
        """Whether the words of the page match `rule`."""
        return re.fullmatch(rule, self.stopped_by() or "") is not None

    def log(self) -> str:
        """What the keeper told."""
        return (self.folder / "keeper.log").read_text()

    def go(self) -> None:
        """Press the button."""
        httpx2.post(f"{self._page}/v1/arm/clear", headers=self._headers, timeout=10.0).raise_for_status()

    def truth(self) -> TwinState:
        with self.twin() as twin:
            return twin.state()

    def twin(self) -> TwinClient:
        return TwinClient(("127.0.0.1", self._ports["bench_port"]))

    def go_until_moving(self) -> None:
        """Press the button whenever it is asked for: a busy machine may stop the arm, which never goes on by itself."""

        def look() -> bool:
            if self.stopped_by() is not None:
                self.go()
            return self.is_moving()

        wait_for(look, "an arm that moves", within=PATIENCE)

    def go_until_solved(self) -> None:
        """The same, until the page tells of a scene that was solved."""

        def look() -> bool:
            stopped_by = self.stopped_by()
            if stopped_by is not None and re.search(r"success .*\([1-9]\d*/\d+\)", stopped_by):
                return True
            if stopped_by is not None:
                self.go()
            return False

        wait_for(look, "a block that was lifted", within=PATIENCE)

    def is_moving(self) -> bool:
        return max(np.abs(self.truth().velocity)) > MOVING

    def watch(self) -> float:
        """Furthest a joint gets from where it is [rad]."""
        begin = self.truth()
        furthest = 0.0
        while (now := self.truth()).time - begin.time < WATCHED:
            furthest = max(furthest, float(np.abs(np.subtract(now.position, begin.position)).max()))
        return furthest


def processes_of(folder: Path) -> list[str]:
    """Command lines and environments that name a folder."""
    found: list[str] = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in words:
            found.append(f"{entry.name}: {words[:200]!r}")
    return found


@pytest.fixture(scope="module")
def robot(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Robot]:
    folder = tmp_path_factory.mktemp("robot") / "up"
    show_logs_of(folder, pytestconfig)
    said = clam("up", "--sim", "--folder", folder, "--timeout", PATIENCE, *FREE_PORTS, timeout=2 * PATIENCE)
    assert said.returncode == 0, said.stderr
    assert "all ready after" in said.stdout and "nothing moves before a person lets it" in said.stdout
    try:
        yield Robot(folder)
    finally:
        assert main(["down", "--folder", str(folder)]) == 0
        assert processes_of(folder) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted_on_its_way_up_it_leaves_nothing(number: signal.Signals, tmp_path: Path) -> None:
    folder = tmp_path / "up"
    words = (sys.executable, "-m", "clam_robot.cli.main", "up", "--sim", "--folder", str(folder), *FREE_PORTS)
    up = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def has_programs() -> bool:
        state = read_state(folder)
        return state is not None and bool(state.programs)

    wait_for(has_programs, "programs on their way up")
    up.send_signal(number)
    said, _ = up.communicate(timeout=PATIENCE)
    assert up.returncode == 128 + number and "Traceback" not in said
    assert ("interrupted" in said) is (up.returncode == EXIT_INTERRUPTED)
    assert processes_of(folder) == [] and read_state(folder) is None


def test_it_waits_for_a_person(robot: Robot) -> None:
    assert set(robot.state.programs) == PROGRAMS and robot.state.is_ready
    assert robot.is_stopped_by("stopped: just started; waiting for a person")
    assert robot.watch() < STILL


def test_one_set_at_a_time(robot: Robot, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["up", "--sim", "--folder", str(robot.folder)]) == EXIT_ERROR
    assert "clam down" in capsys.readouterr().err


def test_a_person_lets_it_solve_its_task_and_the_page_shows_it(robot: Robot) -> None:
    robot.go_until_solved()
    assert robot.truth().success
    wait_for(lambda: robot.watch() < STILL, "an arm at rest", within=PATIENCE)


def test_a_loop_that_was_suspended_waits_for_a_person_and_counts_on(robot: Robot) -> None:
    loop = robot.state.programs["loop"].process
    assert loop is not None
    robot.go_until_moving()
    os.kill(loop.pid, signal.SIGSTOP)
    try:
        begin = robot.truth().time
        wait_for(lambda: robot.truth().time > begin + SUSPENDED, "a loop that is suspended for a while")
        assert not robot.is_moving()
    finally:
        os.kill(loop.pid, signal.SIGCONT)
    wait_for(lambda: robot.is_stopped_by("stale_state: this program stood still .*"), "an arm that waits for a person")
    assert robot.watch() < STILL
    robot.go_until_solved()
    counts = re.findall(r"widowx: (\d+) of (\d+)", (robot.folder / "loop.log").read_text())
    assert counts and all(int(done) <= int(total) for done, total in counts)  # of this go and those before


# Killed: what stops the arm, by the page; who is taken along. First those that leave the loop running: one that is new
# tries every axis of the arm before it begins a scene.
KILLS = {
    "server": ("policy: .*", ()),
    "xs_sdk": ("(driver|stale_state): .*", ()),
    "loop": ("stopped: just started; waiting for a person", ()),
    "twin": ("stopped: just started; waiting for a person", ("xs_sdk", "loop")),
    "master": ("stopped: just started; waiting for a person", ("xs_sdk", "loop")),
}


@pytest.mark.parametrize("name", KILLS)
def test_what_is_killed_comes_back_and_the_arm_waits_for_a_person(robot: Robot, name: str) -> None:
    rule, along = KILLS[name]
    robot.go_until_moving()
    before, logged = robot.state.programs, len(robot.log())
    process = before[name].process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)

    def num_starts() -> dict[str, int]:
        return {each: program.num_starts - before[each].num_starts for each, program in robot.state.programs.items()}

    wait_for(lambda: num_starts()[name] > 0 and robot.state.is_ready, f"{name}, back again", within=PATIENCE)
    assert num_starts() == {each: int(each in (name, *along)) for each in PROGRAMS}
    wait_for(lambda: robot.is_stopped_by(rule), "an arm that waits for a person", within=PATIENCE)
    wait_for(lambda: not robot.is_moving(), "an arm at rest", within=PATIENCE)
    assert robot.watch() < STILL
    assert robot.is_stopped_by(rule) and robot.state.is_ready
    told = robot.log()[logged:]
    assert f"WARNING {name}: ended with signal 9; starts again in 0.5 s" in told
    assert all(f"INFO {each}: ended, as {name} is started anew" in told for each in along)


def test_without_its_keeper_it_goes_on_and_is_ended_all_the_same(
    robot: Robot, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last one: nothing is restarted from here on."""
    os.kill(robot.state.keeper.pid, signal.SIGKILL)
    wait_for(lambda: not robot.state.keeper.is_alive(), "the end of the keeper")
    assert all(process.is_alive() for process in robot.state.processes)
    assert robot.page() != {}
    assert main(["down", "--folder", str(robot.folder)]) == 0
    assert "ended 5 processes" in capsys.readouterr().out and processes_of(robot.folder) == []
