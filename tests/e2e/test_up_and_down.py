"""Everything a robot needs, on one machine: it comes up, works when a person lets it, and whatever dies comes back."""

import json
import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import numpy as np
import pytest

from clam_robot.deployment.sim_set import page_key
from clam_robot.deployment.state import Phase, State, read_state
from clam_robot.hardware.xs_groups import MOTORS
from sim.widowx.truth import TwinState
from sim.widowx.twin_client import TwinClient
from tests.e2e.conftest import clam
from tests.programs import wait_for

# One at a time: the arm needs its share of the machine.
pytestmark = [pytest.mark.slow, pytest.mark.e2e, pytest.mark.xdist_group("arm")]

PATIENCE = 240.0  # [s]
MOVING = 0.1  # [rad/s]
STILL = 0.01  # [rad]
WATCHED = 1.0  # how long an arm that holds is looked at [s]
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

    def shows(self, pattern: str) -> bool:
        page = self.page()
        return page.get("stopped") is True and re.search(pattern, str(page.get("detail"))) is not None

    def go(self) -> None:
        """Press the button."""
        httpx2.post(f"{self._page}/v1/arm/clear", headers=self._headers, timeout=10.0).raise_for_status()

    def truth(self) -> TwinState:
        with self.twin() as twin:
            return twin.state()

    def twin(self) -> TwinClient:
        return TwinClient(("127.0.0.1", self._ports["bench_port"]))

    def mend(self) -> None:
        """What a person does with a servo in error, such as a gripper that pressed on while nobody told it to stop."""
        with self.twin() as twin:
            for servo, error in zip(MOTORS, twin.state().errors, strict=True):
                if error:
                    twin.fault("reboot", servo)

    def go_until(self, is_so: Callable[[], bool], what: str) -> None:
        """Press the button whenever it is asked for: a busy machine may stop the arm, which never goes on by itself."""

        def look() -> bool:
            if is_so():
                return True
            if self.page().get("stopped") is True:
                self.go()
            return False

        wait_for(look, what, within=PATIENCE)

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
def robot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Robot]:
    folder = tmp_path_factory.mktemp("robot") / "up"
    free = [word for name in ("master", "server", "page", "bench") for word in (f"--{name}-port", "0")]
    said = clam("up", "--sim", "--folder", folder, "--timeout", PATIENCE, *free, timeout=2 * PATIENCE)
    assert said.returncode == 0, said.stderr
    assert "all ready after" in said.stdout and "nothing moves before a person lets it" in said.stdout
    try:
        yield Robot(folder)
    finally:
        ended = clam("down", "--folder", folder)
        assert ended.returncode == 0, ended.stderr
        assert processes_of(folder) == []


def test_it_waits_for_a_person(robot: Robot) -> None:
    assert set(robot.state.programs) == PROGRAMS and robot.state.is_ready
    assert robot.shows("just started; waiting for a person")
    assert robot.watch() < STILL


def test_one_set_at_a_time(robot: Robot) -> None:
    again = clam("up", "--sim", "--folder", robot.folder)
    assert again.returncode == 2 and "clam down" in again.stderr


def test_a_person_lets_it_solve_its_task_and_the_page_shows_it(robot: Robot) -> None:
    robot.go_until(lambda: robot.shows(r"success .*\([1-9]\d*/\d+\)"), "a block that was lifted")
    assert robot.truth().success
    wait_for(lambda: robot.watch() < STILL, "an arm at rest", within=PATIENCE)


@pytest.mark.parametrize("name", ["loop", "server", "xs_sdk", "twin", "master"])
def test_what_is_killed_comes_back_and_the_arm_waits_for_a_person(robot: Robot, name: str) -> None:
    robot.go_until(robot.is_moving, "an arm that moves")
    before = robot.state.programs[name]
    assert before.process is not None
    os.kill(before.process.pid, signal.SIGKILL)

    def is_back() -> bool:
        state = robot.state
        is_new = state.programs[name].num_starts > before.num_starts
        if is_new and state.programs["twin"].phase is Phase.READY:
            robot.mend()
        return is_new and state.is_ready

    wait_for(is_back, f"{name}, back again", within=PATIENCE)
    wait_for(lambda: robot.page().get("stopped") is True, "an arm that waits for a person", within=PATIENCE)
    wait_for(lambda: not robot.is_moving(), "an arm at rest", within=PATIENCE)
    assert robot.watch() < STILL
    assert robot.page().get("stopped") is True
    wait_for(lambda: robot.state.is_ready, "all of them", within=PATIENCE)


def test_without_its_keeper_it_goes_on_and_is_ended_all_the_same(robot: Robot) -> None:
    """The last one: nothing is restarted from here on."""
    os.kill(robot.state.keeper.pid, signal.SIGKILL)
    wait_for(lambda: not robot.state.keeper.is_alive(), "the end of the keeper")
    assert all(process.is_alive() for process in robot.state.processes)
    assert robot.page() != {}
    ended = clam("down", "--folder", robot.folder)
    assert "ended 5 processes" in ended.stdout and processes_of(robot.folder) == []
