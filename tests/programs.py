"""Programs that tests start, wait for and end."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

WITHIN = 60.0  # programs load slowly on a busy machine [s]
# A twin in another process of a busy machine answers late at times; what a servo does not.
REPLY_TIMEOUT = 0.25  # [s]


def xs_sdk(port: str, namespace: str) -> AbstractContextManager["subprocess.Popen[str]"]:
    """Our xs_sdk node; a master must run."""
    arguments = ("--port", port, "--namespace", namespace, "--reply-timeout", str(REPLY_TIMEOUT))
    return program(clam("xs-sdk", *arguments), "Ctrl-C ends it", "the xs_sdk node")


@contextmanager
def program(command: list[str], is_ready: Callable[[], bool] | str, what: str) -> Iterator["subprocess.Popen[str]"]:
    """A program in a process group of its own, from when it is ready to its end, and all it started.

    Args:
        is_ready: asks whether it is, or what it prints when it is.
    """
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    printed: list[str] = []
    reader = threading.Thread(target=lambda: printed.extend(process.stdout or ()), daemon=True)
    reader.start()
    asked = is_ready if callable(is_ready) else lambda: any(is_ready in line for line in list(printed))
    try:
        wait_for(lambda: asked() or process.poll() is not None, what)
        if process.poll() is not None:
            pytest.fail(f"{what} ended at once: {' '.join(printed)}")
        yield process
    finally:
        end(process)
        reader.join()
        assert process.stdout is not None
        process.stdout.close()


def clam(*arguments: str) -> list[str]:
    """The command line of `clam`."""
    return [sys.executable, "-u", "-m", "clam_robot.cli.main", *arguments]


def end(process: "subprocess.Popen[str]") -> None:
    """End a process and all it started."""
    for number in (signal.SIGINT, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(10.0)
        except subprocess.TimeoutExpired:
            continue
    process.wait()


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(condition: Callable[[], bool], what: str, within: float = WITHIN) -> None:
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"after {within:g} s still no sign of {what}")
        time.sleep(0.01)
