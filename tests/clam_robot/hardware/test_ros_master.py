"""A ROS master that is not there is an error in bounded time, whatever way it is not there."""

import socket
import time

import pytest

from clam_robot.errors import NodeUnavailable
from clam_robot.hardware.ros_master import RosMaster

pytestmark = pytest.mark.xdist_group("ros")


def test_a_master_that_is_down_is_named() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(NodeUnavailable, match=f"no ROS master on {uri} .*refused.*ROS_MASTER_URI"):
            RosMaster(uri).require()


def test_a_master_that_hangs_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        begin = time.monotonic()
        with pytest.raises(NodeUnavailable, match="no answer in time"):
            RosMaster(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.2).require()
        assert time.monotonic() - begin < 10.0


@pytest.mark.parametrize("uri", ["", "nonsense", "http://127.0.0.1:port", "ftp://127.0.0.1"])
def test_an_address_that_is_none_is_refused(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROS_MASTER_URI", "nonsense")
    with pytest.raises(NodeUnavailable, match="no ROS master"):
        RosMaster(uri).require()


def test_a_master_without_nodes_knows_none(ros_master: str) -> None:
    master = RosMaster()
    assert master.uri == ros_master
    master.require()
    assert master.publishers("/nobody/joint_states") == []
    assert master.subscribers("/nobody/commands/joint_group") == []
    assert master.provider("/nobody/torque_enable") is None
