"""The twin of the servo bus, a ROS master and the xs_sdk node, each in a process of its own."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from clam_robot.hardware.dynamixel_driver import DynamixelConfig
from clam_robot.hardware.ros_driver import RosConfig
from sim.widowx.twin_client import TwinClient
from sim.widowx.twin_process import TwinProcess
from tests.programs import REPLY_TIMEOUT, WITHIN, wait_for, xs_sdk

STALE_AFTER = 2.0  # [s]


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
