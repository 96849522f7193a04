"""Ctrl-C while `clam` loads: it ends at once, with the code of an interrupted program and without a word."""

import fcntl
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from clam_robot.cli.exits import EXIT_INTERRUPTED
from clam_robot.cli.loading import loading

IMPORT = "import time:"


@pytest.mark.parametrize("loaded", ["rich.style", "clam_robot.errors", "tyro", "numpy", "clam_robot.episodes"])
def test_an_interrupt_while_it_loads_ends_it_quietly(loaded: str, tmp_path: Path) -> None:
    """Python tells of every import; as nobody reads on after the one we look for, it cannot get much further."""
    words = (sys.executable, "-X", "importtime", "-m", "clam_robot.cli.main", "verify", str(tmp_path / "nowhere"))
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1) as process:
        assert process.stderr is not None
        fcntl.fcntl(process.stderr, fcntl.F_SETPIPE_SZ, 4096)
        for line in process.stderr:
            if line.startswith(IMPORT) and line.rpartition("|")[2].strip() == loaded:
                break
        else:
            pytest.fail(f"it never imported {loaded}")
        process.send_signal(signal.SIGINT)
        out, told = process.communicate(timeout=120.0)
    assert process.returncode == EXIT_INTERRUPTED
    assert out == "" and [line for line in told.splitlines() if not line.startswith(IMPORT)] == []


def test_the_overview_needs_none_of_what_verbs_are_made_of() -> None:
    words = (sys.executable, "-X", "importtime", "-m", "clam_robot.cli.main", "--help")
    told = subprocess.run(words, capture_output=True, text=True, timeout=120.0, check=True)
    imported = {line.rpartition("|")[2].strip() for line in told.stderr.splitlines()}
    assert "rich.console" in imported and imported.isdisjoint({"numpy", "tyro", "zarr", "pydantic"})


def test_whoever_answers_interrupts_goes_on_answering_them() -> None:
    def answer(*_: object) -> None: ...

    before = signal.signal(signal.SIGINT, answer)
    try:
        with loading():
            assert signal.getsignal(signal.SIGINT) is answer
        signal.signal(signal.SIGINT, signal.default_int_handler)
        with loading():
            assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_in_another_thread_it_loads_all_the_same() -> None:
    done: list[str] = []

    def load() -> None:
        with loading():
            done.append("loaded")

    thread = threading.Thread(target=load)
    thread.start()
    thread.join()
    assert done == ["loaded"]
