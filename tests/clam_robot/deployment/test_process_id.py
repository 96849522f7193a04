"""A process is known by its number and its start; ending it ends what it started."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress

import pytest

from clam_robot.deployment.process_id import ProcessId, end_all
from clam_robot.timing import MonotonicClock
from tests.programs import wait_for

CHILD = (
    "import subprocess, sys, time; "
    "print(subprocess.Popen([sys.executable, '-c', {child!r}]).pid, flush=True); time.sleep(600)"
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
    assert not ProcessId(pid=me.pid, start=me.start + 1).is_alive()
    assert not ProcessId(pid=2**22 + 1, start=me.start).is_alive()


def test_what_it_started_ends_with_it(started: list["subprocess.Popen[str]"]) -> None:
    parent = start(CHILD.format(child=SLEEPS), started)
    assert parent.stdout is not None
    child = ProcessId.of(int(parent.stdout.readline()))
    assert child.is_alive()
    assert end_all([ProcessId.of(parent.pid)], MonotonicClock(), patience=60.0) == 0
    assert parent.wait(60.0) == -signal.SIGTERM
    wait_for(lambda: not child.is_alive(), "the end of the child")


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
