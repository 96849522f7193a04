"""Servers in processes of their own, on free loopback ports."""

import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

FAKE_SERVER = Path(__file__).with_name("fake_server.py")
# Far beyond any stall of a busy machine; reached only by a test that fails.
PATIENCE = 60.0


class ServerProcess:
    """`fake_server.py` with the given options, ready to be asked."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._stderr = (folder / "stderr.txt").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, str(FAKE_SERVER), *options], stdout=subprocess.PIPE, stderr=self._stderr, text=True
        )
        self.url = self.read_line()

    @property
    def port(self) -> str:
        return self.url.rpartition(":")[2]

    @property
    def stderr(self) -> str:
        self._stderr.seek(0)
        return self._stderr.read()

    def read_line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def is_healthy(self) -> bool:
        return self.get("/healthz") == "OK\n"

    def get(self, path: str) -> str:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(self.url.replace("ws:", "http:", 1) + path, timeout=PATIENCE) as answer:
            return answer.read().decode()

    def figure(self, name: str) -> float:
        """One of its counters, by name and labels as they are printed."""
        lines = dict(line.rsplit(" ", 1) for line in self.get("/metrics").splitlines())
        return float(lines[name])

    def resident_bytes(self) -> int:
        """Memory of the process."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def num_sockets(self) -> int:
        """Sockets that the process holds open."""
        links = (_target(entry) for entry in Path(f"/proc/{self.process.pid}/fd").iterdir())
        return sum(link.startswith("socket:") for link in links)

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def wait(self) -> int:
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(PATIENCE)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._stderr.close()


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except FileNotFoundError:  # closed meanwhile
        return ""


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., ServerProcess]]:
    """A server that tests share, its types checked: they must leave it alive."""
    started: list[ServerProcess] = []

    @cache
    def start(policy: str) -> ServerProcess:
        options = ("--policy", policy, "--max-frame-bytes", "10000", "--type-checks")
        started.append(ServerProcess(tmp_path_factory.mktemp("server"), *options))
        assert started[-1].url, started[-1].stderr
        return started[-1]

    yield start
    for process in started:
        process.close()


@pytest.fixture(scope="module")
def module_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., ServerProcess]]:
    """Servers that the tests of a file share, one for each set of options."""
    started: list[ServerProcess] = []

    @cache
    def start(*options: str) -> ServerProcess:
        started.append(ServerProcess(tmp_path_factory.mktemp("server"), *options))
        assert started[-1].url, started[-1].stderr
        return started[-1]

    yield start
    for process in started:
        process.close()


@pytest.fixture
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., ServerProcess]]:
    """A server the test may stop or kill."""
    started: list[ServerProcess] = []

    def start(*options: str) -> ServerProcess:
        started.append(ServerProcess(tmp_path_factory.mktemp("server"), *options))
        return started[-1]

    yield start
    for process in started:
        process.close()
