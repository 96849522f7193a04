"""What the compose file builds on, tried with the kernel itself; as root, where no container is around it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.programs import wait_for

HEALTHY = Path(__file__).parents[2] / "docker" / "healthy"
USER = ("setpriv", "--reuid", "1000", "--regid", "1000", "--clear-groups", "--no-new-privs")
# All that an engine does with added capabilities: the user may be given them, by nobody.
ADDED = ("--bounding-set", "-all,+sys_nice")
ASKS = "import os; os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))"
SERVES = """
import fcntl, http.server, socket, struct
with socket.socket() as any_socket:  # loopback comes down
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh22x", b"lo", 0x49))
http.server.HTTPServer(("127.0.0.1", 8080), http.server.SimpleHTTPRequestHandler).serve_forever()
"""

may_unshare = (
    os.getuid() == 0 and subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False).returncode == 0
)


def may_have_real_time(rtprio: int) -> bool:
    words = ("prlimit", f"--rtprio={rtprio}:{rtprio}", *USER, *ADDED, "/usr/bin/python3", "-c", ASKS)
    told = subprocess.run(words, capture_output=True, text=True, check=False)
    assert told.returncode == 0 or "PermissionError" in told.stderr, told.stderr
    return told.returncode == 0


@pytest.mark.skipif(os.getuid() != 0, reason="expected root, to give rights up")
def test_an_added_capability_does_not_allow_real_time() -> None:
    assert not may_have_real_time(0)


@pytest.mark.skipif(
    subprocess.run(["prlimit", "--rtprio=50:50", "true"], capture_output=True, check=False).returncode != 0,
    reason="expected the right to raise limits (SYS_RESOURCE)",
)
def test_a_limit_allows_real_time() -> None:
    assert may_have_real_time(50)


def within(holder: "subprocess.Popen[bytes]", *words: str) -> tuple[str, ...]:
    """In the network of a process, as services are in that of sim-net."""
    return ("nsenter", f"--net=/proc/{holder.pid}/ns/net", *words)


def is_healthy(network: Path) -> bool:
    words = ("nsenter", f"--net={network}", sys.executable, str(HEALTHY), "http://127.0.0.1:8080/")
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


@pytest.fixture
def holders() -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Two that have a network each and do nothing, as sim-net before and after it died."""
    mine = Path("/proc/self/ns/net").readlink()
    started = [subprocess.Popen(["unshare", "--net", "sleep", "600"]) for _ in range(2)]
    for each in started:
        wait_for(lambda each=each: Path(f"/proc/{each.pid}/ns/net").readlink() != mine, "a network")
    yield started
    for each in started:
        each.kill()
        each.wait()


@pytest.mark.skipif(not may_unshare, reason="expected the right to make networks (root)")
def test_who_shares_a_network_keeps_it_when_its_owner_dies_and_is_not_in_the_next(
    holders: list["subprocess.Popen[bytes]"], tmp_path: Path
) -> None:
    before, after = holders
    with subprocess.Popen(
        within(before, sys.executable, "-c", SERVES), cwd=tmp_path, stderr=subprocess.DEVNULL
    ) as page:
        try:
            old = Path(f"/proc/{page.pid}/ns/net")
            wait_for(lambda: is_healthy(old), "the page")
            before.kill()
            before.wait()
            assert is_healthy(old)
            assert not is_healthy(Path(f"/proc/{after.pid}/ns/net"))
        finally:
            page.kill()
