"""Who starts when, what comes back, and who is taken along; with small programs of a test's own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from clam_robot.deployment.keeper import Keeper
from clam_robot.deployment.process_id import ProcessId
from clam_robot.deployment.program import Program
from clam_robot.deployment.state import Phase, State, read_state
from clam_robot.timing import MonotonicClock
from tests.programs import wait_for

READY = "open({file!r}, 'a').close(); import time; time.sleep(600)"
FAILS = "import sys; print('no arm'); sys.exit(2)"
LEAVES = "import subprocess; print(subprocess.Popen(['sleep', '600']).pid, flush=True)"
CLOCK = MonotonicClock()
ROOT = Path(__file__).parents[3]


class Kept:
    """A keeper that looks whenever the test does."""

    def __init__(self, folder: Path, *programs: Program) -> None:
        self.folder = folder
        self.keeper = Keeper(programs, folder, CLOCK, ProcessId.of(os.getpid()))

    @property
    def state(self) -> State:
        state = read_state(self.folder)
        assert state is not None
        return state

    def phase(self, name: str) -> Phase:
        return self.state.programs[name].phase

    def process(self, name: str) -> ProcessId:
        process = self.state.programs[name].process
        assert process is not None
        return process

    def wait_until_ready(self) -> None:
        def look() -> bool:
            self.keeper.look()
            return self.state.is_ready

        wait_for(look, "all of them")


@pytest.fixture
def ended() -> Iterator[list[Kept]]:
    kept: list[Kept] = []
    yield kept
    for each in kept:
        processes = each.state.processes
        each.keeper.stop()
        each.keeper.run()  # ends everything at once
        assert read_state(each.folder) is None
        assert not any(process.is_left() for process in processes)


def program(folder: Path, name: str, *, code: str | None = None, **more: object) -> Program:
    """Ready as soon as it has made a file, which the next start finds gone."""
    file = folder / f"{name}.ready"

    def is_ready() -> bool:
        if not file.exists():
            return False
        file.unlink()
        return True

    words = (sys.executable, "-c", code or READY.format(file=str(file)))
    return Program(name=name, command=words, environ={}, is_ready=is_ready, address=name, **more)  # type: ignore[arg-type]


def test_nobody_starts_before_those_it_needs_are_ready(tmp_path: Path, ended: list[Kept]) -> None:
    kept = Kept(tmp_path, program(tmp_path, "master"), program(tmp_path, "node", needs=("master",)))
    ended.append(kept)
    kept.keeper.look()
    assert kept.phase("master") is Phase.STARTING and kept.phase("node") is Phase.WAITING
    kept.wait_until_ready()
    assert kept.process("node").start >= kept.process("master").start


def in_turn(folder: Path, name: str, **more: object) -> Program:
    """Loads a module that makes NAME.loaded, and runs one that makes NAME.ready when its turn has come."""
    loaded, ready = folder / f"{name}.loaded", folder / f"{name}.ready"
    (folder / f"{name}_loads.py").write_text(f"open({str(loaded)!r}, 'a').close()")
    (folder / f"{name}_runs.py").write_text(
        "import sys, time; print(sys.argv[1:], repr(sys.stdin.read())); "
        f"open({str(ready)!r}, 'a').close(); time.sleep(600)"
    )
    words = (sys.executable, "-u", "-m", "clam_robot.deployment.in_turn")
    return Program(
        name=name,
        command=(*words, f"no_such_module,{name}_loads", f"{name}_runs", "word"),
        environ={"PYTHONPATH": f"{folder}:{ROOT}"},
        is_ready=ready.exists,
        address=name,
        awaits_turn=True,
        **more,  # type: ignore[arg-type]
    )


def test_one_that_can_wait_loads_before_its_turn_and_works_in_it(tmp_path: Path, ended: list[Kept]) -> None:
    gate = tmp_path / "master.gate"
    master = Program(
        name="master", command=("sleep", "600"), environ={}, is_ready=gate.exists, address="", start_timeout=600.0
    )
    kept = Kept(tmp_path, master, in_turn(tmp_path, "node", needs=("master",)))
    ended.append(kept)

    def look() -> bool:
        kept.keeper.look()
        return (tmp_path / "node.loaded").exists()

    wait_for(look, "a node that has loaded")
    early = kept.process("node")
    kept.keeper.look()
    assert kept.phase("node") is Phase.WAITING and early.is_alive() and not (tmp_path / "node.ready").exists()
    gate.touch()
    kept.wait_until_ready()
    assert kept.process("node") == early and kept.state.programs["node"].num_starts == 1
    assert (tmp_path / "node.log").read_text() == "['word'] ''\n"


def test_one_that_waits_for_its_turn_ends_with_whoever_would_tell(tmp_path: Path) -> None:
    node = in_turn(tmp_path, "node")
    told = subprocess.run(
        node.command, env=os.environ | dict(node.environ), stdin=subprocess.DEVNULL, capture_output=True, timeout=60.0
    )
    assert (told.returncode, told.stdout, told.stderr) == (0, b"", b"")
    assert (tmp_path / "node.loaded").exists() and not (tmp_path / "node.ready").exists()


def test_one_that_was_killed_comes_back_and_takes_others_along(tmp_path: Path, ended: list[Kept]) -> None:
    master = program(tmp_path, "master", takes_along=("node",))
    kept = Kept(tmp_path, master, program(tmp_path, "node", needs=("master",)), program(tmp_path, "other"))
    ended.append(kept)
    kept.wait_until_ready()
    before = {name: kept.process(name) for name in kept.state.programs}
    os.kill(before["master"].pid, signal.SIGKILL)
    wait_for(lambda: not before["master"].is_alive(), "the end of the master")
    kept.keeper.look()
    assert not before["node"].is_alive() and kept.phase("node") is Phase.WAITING
    kept.wait_until_ready()
    assert kept.process("other") == before["other"]
    assert {name: each.num_starts for name, each in kept.state.programs.items()} == {"master": 2, "node": 2, "other": 1}


def test_one_that_fails_is_tried_again_after_longer_and_longer_pauses(
    tmp_path: Path, ended: list[Kept], caplog: pytest.LogCaptureFixture
) -> None:
    kept = Kept(tmp_path, program(tmp_path, "loop", code=FAILS))
    ended.append(kept)

    def look() -> bool:
        kept.keeper.look()
        return kept.state.programs["loop"].num_starts >= 3

    wait_for(look, "the third start")
    told = [record.getMessage() for record in caplog.records if "starts again" in record.getMessage()]
    assert told == ["loop: ended with code 2; starts again in 0.5 s", "loop: ended with code 2; starts again in 1 s"]
    assert "no arm" in (tmp_path / "loop.log").read_text()


def test_what_one_leaves_that_ends_by_itself_is_ended_too(tmp_path: Path, ended: list[Kept]) -> None:
    kept = Kept(tmp_path, program(tmp_path, "node", code=LEAVES))
    ended.append(kept)

    def look() -> bool:
        kept.keeper.look()
        return kept.state.programs["node"].num_starts >= 2

    wait_for(look, "the second start")
    first = ProcessId.of(int((tmp_path / "node.log").read_text().splitlines()[0]))
    assert not first.is_alive()


def test_one_that_is_never_ready_is_ended(tmp_path: Path, ended: list[Kept], caplog: pytest.LogCaptureFixture) -> None:
    kept = Kept(tmp_path, program(tmp_path, "loop", code="import time; time.sleep(600)", start_timeout=0.2))
    ended.append(kept)
    kept.keeper.look()
    first = kept.process("loop")

    def look() -> bool:
        kept.keeper.look()
        return not first.is_alive()

    wait_for(look, "the end of the first")
    assert any("not ready within 0.2 s" in record.getMessage() for record in caplog.records)


def test_the_environment_is_added_to(tmp_path: Path, ended: list[Kept]) -> None:
    code = "import os; print(os.environ['ROS_IP'], 'PATH' in os.environ, flush=True); import time; time.sleep(600)"
    words = (sys.executable, "-c", code)
    log = tmp_path / "node.log"
    node = Program(
        name="node",
        command=words,
        environ={"ROS_IP": "127.0.0.9"},
        is_ready=lambda: log.exists() and log.read_text() != "",
        address="",
    )
    kept = Kept(tmp_path, node)
    ended.append(kept)
    kept.wait_until_ready()
    assert log.read_text() == "127.0.0.9 True\n"


def test_on_a_disk_that_is_full_programs_are_kept_all_the_same(
    tmp_path: Path, ended: list[Kept], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    kept = Kept(tmp_path, program(tmp_path, "node"))
    ended.append(kept)
    kept.wait_until_ready()
    blocked = tmp_path / "state.json.new"
    blocked.mkdir()
    first = kept.process("node")
    os.kill(first.pid, signal.SIGKILL)

    def told(text: str) -> int:
        return sum(text in record.getMessage() for record in caplog.records)

    def look() -> bool:
        kept.keeper.look()
        return told("node: ready after") == 2

    wait_for(look, "another node, which the file does not tell")
    assert kept.process("node") == first
    assert told(f"cannot write to {tmp_path}: Is a directory; make room there") == 1
    blocked.rmdir()
    kept.wait_until_ready()
    assert kept.process("node") != first


def test_where_nothing_can_be_written_at_first_it_says_so(tmp_path: Path) -> None:
    keeper = Keeper([program(tmp_path, "node")], tmp_path, CLOCK, ProcessId.of(os.getpid()))
    (tmp_path / "state.json.new").mkdir()
    with pytest.raises(OSError, match="Is a directory"):
        keeper.run()
