"""The twin of the servo bus, in a process of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

WITHIN = 60.0  # MuJoCo loads slowly on a busy machine [s]


@pytest.fixture(scope="module")
def twin_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The port of a running twin."""
    folder = tmp_path_factory.mktemp("twin")
    link = folder / "ttyDXL"
    command = [sys.executable, "-m", "clam_robot.cli.main", "twin", "--link", str(link)]
    with (folder / "twin.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        wait_for(link, process, folder / "twin.log")
        yield str(link)
    finally:
        end(process)


def wait_for(path: Path, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + WITHIN
    while not path.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"{process.args} did not start:\n{log.read_text()}")
        time.sleep(0.02)


def end(process: "subprocess.Popen[bytes]") -> None:
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
