"""Worker processes."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clam_robot.processes import interrupts_later, map_in_order, worker_pool

PATIENCE = 60.0
SLEEP_SECONDS = 600.0


def test_pool_runs_calls_in_processes_of_its_own() -> None:
    with worker_pool(2) as pool:
        assert os.getpid() not in set(pool.map(_pid, range(4)))


def test_initializer_runs_in_every_worker(tmp_path: Path) -> None:
    with worker_pool(1, initializer=os.chdir, initargs=(str(tmp_path),)) as pool:
        assert pool.submit(os.getcwd).result() == str(tmp_path)


def test_results_come_in_the_order_of_the_items() -> None:
    with worker_pool(2) as pool:
        assert list(map_in_order(pool, abs, range(-7, 0), ahead=3)) == [7, 6, 5, 4, 3, 2, 1]


def test_calls_that_run_are_ended_when_they_need_not_be_finished(tmp_path: Path) -> None:
    started = tmp_path / "started"

    def interrupt() -> None:
        with worker_pool(1, finish_running=False) as pool:
            pool.submit(_sleep, str(started))
            _wait_until(started.exists)
            raise KeyboardInterrupt

    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        interrupt()
    assert time.monotonic() - begun < SLEEP_SECONDS


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Ctrl-C does what it does in a program; workers that run tests ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_an_interrupt_waits_until_the_block_is_left() -> None:
    steps: list[str] = []
    with pytest.raises(KeyboardInterrupt), interrupts_later():
        signal.raise_signal(signal.SIGINT)
        steps.append("went on")
    assert steps == ["went on"]


@pytest.mark.usefixtures("ctrl_c")
def test_an_interrupt_taken_by_another_thread_waits_too() -> None:
    steps: list[str] = []
    now = threading.Event()

    def interrupt() -> None:
        assert now.wait(PATIENCE)
        signal.raise_signal(signal.SIGINT)

    thread = threading.Thread(target=interrupt)  # begun before, so that nothing blocks the signal there
    thread.start()
    with pytest.raises(KeyboardInterrupt), interrupts_later():
        now.set()
        thread.join()
        steps.append("went on")
    assert steps == ["went on"]


def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    script = (
        "from pathlib import Path\nimport os, time\nfrom clam_robot.processes import worker_pool\n"
        "if __name__ == '__main__':\n"
        "    with worker_pool(1) as pool:\n"
        f"        pid = pool.submit(os.getpid).result(); Path({str(tmp_path / 'pid')!r}).write_text(str(pid))\n"
        "        time.sleep(600)\n"
    )
    (tmp_path / "parent.py").write_text(script)
    parent = subprocess.Popen([sys.executable, str(tmp_path / "parent.py")])
    _wait_until(lambda: (tmp_path / "pid").exists() and bool((tmp_path / "pid").read_text()))
    worker = int((tmp_path / "pid").read_text())
    assert _is_alive(worker)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    _wait_until(lambda: not _is_alive(worker))


def _sleep(started: str) -> None:
    Path(started).touch()
    time.sleep(SLEEP_SECONDS)


def _pid(_: int) -> int:
    return os.getpid()


def _is_alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def _wait_until(condition: object) -> None:
    assert callable(condition)
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
