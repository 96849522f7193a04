"""A process is known by its number and its start; ending it ends what it started."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import pytest

from clam_robot.deployment.process_id import ProcessId, end_all
from clam_robot.errors import ConfigError
from clam_robot.timing import MonotonicClock

CHILD = (
    "import subprocess, sys, time; "
    "print(subprocess.Popen([sys.executable, '-c', {child!r}]).pid, flush=True); time.sleep({rests})"
)
SLEEPS = "import time; time.sleep(600)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
)


@pytest.fixture
def started() -> Iterator[list["subprocess.Popen[str]"]]:
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def start(program: str, started: list["subprocess.Popen[str]"]) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    started.append(process)
    return process


def test_another_process_of_the_same_number_is_not_it() -> None:
    me = ProcessId.of(os.getpid())
    assert me.is_alive()
    for another in (replace(me, start=me.start + 1), replace(me, pid=2**22 + 1), replace(me, boot="before")):
        assert not another.is_alive() and not another.is_left()


@pytest.mark.parametrize("pid", [0, -1, 2**31])
def test_what_is_no_number_of_a_process_is_refused(pid: int) -> None:
    with pytest.raises(ConfigError, match="number of a process"):
        ProcessId(pid=pid, start=0, boot="")


def test_what_it_started_ends_with_it(started: list["subprocess.Popen[str]"]) -> None:
    parent = start(CHILD.format(child=SLEEPS, rests=600), started)
    assert parent.stdout is not None
    child = ProcessId.of(int(parent.stdout.readline()))
    assert child.is_alive()
    assert end_all([ProcessId.of(parent.pid)], MonotonicClock(), patience=60.0) == 0
    assert not child.is_alive()
    assert parent.wait(60.0) == -signal.SIGTERM


def leaderless(child: str, started: list["subprocess.Popen[str]"]) -> tuple[ProcessId, ProcessId]:
    """A process that has ended, and its child, which has not and can be waited for by nobody here."""
    leader = start(CHILD.format(child=child, rests=0), started)
    group = ProcessId.of(leader.pid)
    assert leader.stdout is not None
    left = ProcessId.of(int(leader.stdout.readline()))
    if child == STUBBORN:
        assert leader.stdout.readline() == "deaf\n"
    assert leader.wait(60.0) == 0
    return group, left


@pytest.mark.parametrize(("child", "num_killed"), [(SLEEPS, 0), (STUBBORN, 1)], ids=["willing", "stubborn"])
def test_what_is_left_of_a_group_that_lost_its_leader_ends(
    child: str, num_killed: int, started: list["subprocess.Popen[str]"]
) -> None:
    group, left = leaderless(child, started)
    assert not group.is_alive() and group.is_left() and left.is_alive()
    assert end_all([group], MonotonicClock(), patience=60.0 if num_killed == 0 else 0.1) == num_killed
    assert not left.is_alive() and not group.is_left()


def test_what_is_left_of_another_group_of_the_same_number_is_left_alone(
    started: list["subprocess.Popen[str]"],
) -> None:
    """Of one from before the machine was started anew; and of a shell's, which has no session of its own."""
    group, left = leaderless(SLEEPS, started)
    assert end_all([replace(group, boot="before")], MonotonicClock(), patience=0.1) == 0 and left.is_alive()
    words = [sys.executable, "-c", CHILD.format(child=SLEEPS, rests=0)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, process_group=0) as of_shell:
        assert of_shell.stdout is not None
        group, left = ProcessId.of(of_shell.pid), ProcessId.of(int(of_shell.stdout.readline()))
        assert of_shell.wait(60.0) == 0
        try:
            assert end_all([group], MonotonicClock(), patience=0.1) == 0 and left.is_alive()
        finally:
            os.kill(left.pid, signal.SIGKILL)


def test_who_does_not_end_is_killed(started: list["subprocess.Popen[str]"]) -> None:
    process = start(STUBBORN, started)
    assert process.stdout is not None and process.stdout.readline() == "deaf\n"
    assert end_all([ProcessId.of(process.pid)], MonotonicClock(), patience=0.1) == 1
    assert process.wait(60.0) == -signal.SIGKILL


def test_one_that_is_gone_is_left_alone(started: list["subprocess.Popen[str]"]) -> None:
    process = start("pass", started)
    ended = ProcessId.of(process.pid)
    process.wait(60.0)
    assert not ended.is_alive()
    assert end_all([ended], MonotonicClock(), patience=0.1) == 0
