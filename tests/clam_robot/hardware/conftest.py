"""The twin of the servo bus, a ROS master and the xs_sdk node, each in a process of its own."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from clam_robot.hardware.dynamixel_driver import DynamixelConfig
from clam_robot.hardware.ros_driver import RosConfig
from sim.widowx.twin_client import TwinClient
from sim.widowx.twin_process import TwinProcess

WITHIN = 60.0  # programs load slowly on a busy machine [s]
# A twin in another process of a busy machine answers late at times; what a servo does not.
STALE_AFTER, REPLY_TIMEOUT = 2.0, 0.25


@dataclass(frozen=True)
class Bus:
    """A running twin."""

    port: str
    client: TwinClient


def on_bus(port: str) -> DynamixelConfig:
    return DynamixelConfig(port=port, stale_after=STALE_AFTER, reply_timeout=REPLY_TIMEOUT)


def on_ros(namespace: str) -> RosConfig:
    return RosConfig(namespace=namespace, stale_after=STALE_AFTER, service_timeout=WITHIN, connect_timeout=WITHIN)


# Modules end their twins: each takes a share of a core for as long as it runs.
@pytest.fixture(scope="module")
def bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bus]:
    """For tests that open the port themselves."""
    with TwinProcess(link=tmp_path_factory.mktemp("twin") / "ttyDXL") as twin, twin.client() as client:
        yield Bus(str(twin.port), client)


@pytest.fixture
def twin(bus: Bus) -> Bus:
    """The twin, asleep and without faults."""
    bus.client.fault("clear")
    wait_for(lambda: Path(bus.port).exists(), "the port of the twin")
    bus.client.reset()
    return bus


@pytest.fixture(scope="session")
def ros_master(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A ROS master of our own on the loopback interface; this process talks to no other."""
    folder = tmp_path_factory.mktemp("ros")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    uri = f"http://127.0.0.1:{port}"
    settings = {"ROS_MASTER_URI": uri, "ROS_IP": "127.0.0.1", "ROS_HOME": str(folder), "ROS_LOG_DIR": str(folder)}
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        with program(["rosmaster", "--core", "-p", str(port)], lambda: is_open(port), "the ROS master"):
            yield uri
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


@dataclass(frozen=True)
class Node:
    """A running xs_sdk node and the twin it serves."""

    namespace: str
    client: TwinClient
    process: "subprocess.Popen[str]"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory, ros_master: str) -> Iterator[Node]:
    link = tmp_path_factory.mktemp("ros_twin") / "ttyDXL"
    with TwinProcess(link=link) as twin, twin.client() as client, xs_sdk(str(twin.port), "shared") as process:
        yield Node("shared", client, process)


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
