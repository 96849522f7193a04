"""The addresses by which ROS programs find each other."""

import pytest

from clam_robot.doctor import ros_network
from clam_robot.doctor.finding import Status
from clam_robot.doctor.setup import DoctorConfig
from tests.clam_robot.doctor.fake_machine import FakeMachine

SETUP = DoctorConfig()
TRIE = """Main:
  +-- 192.168.1.0/24 2 0 2
     |-- 192.168.1.0
        /24 link UNICAST
     |-- 192.168.1.7
        /32 host LOCAL
Local:
     |-- 127.0.0.1
        /32 host LOCAL"""


@pytest.mark.parametrize(
    ("environ", "status", "word"),
    [
        ({}, Status.OK, "localhost:11311"),
        ({"ROS_MASTER_URI": "http://robot:11311"}, Status.PROBLEM, "no ROS_IP"),
        ({"ROS_MASTER_URI": "http://robot:11311", "ROS_IP": "192.168.1.7"}, Status.OK, "192.168.1.7"),
        ({"ROS_MASTER_URI": "http://robot:11311", "ROS_HOSTNAME": "gpu-box"}, Status.OK, "gpu-box"),
        ({"ROS_IP": "192.168.1.8"}, Status.PROBLEM, "this machine has 127.0.0.1, 192.168.1.7"),
        ({"ROS_MASTER_URI": "robot:11311"}, Status.PROBLEM, "ROS_MASTER_URI=robot:11311"),
        ({"ROS_MASTER_URI": "http://robot"}, Status.PROBLEM, "ROS_MASTER_URI=http://robot"),
        ({"ROS_MASTER_URI": "http://robot:port"}, Status.PROBLEM, "ROS_MASTER_URI"),
    ],
)
def test_addresses_lead_somewhere_and_back(
    fake: FakeMachine, environ: dict[str, str], status: Status, word: str
) -> None:
    fake.write("/proc/net/fib_trie", TRIE)
    found = ros_network.check(fake.machine(environ=environ), SETUP)
    assert found.status is status and word in found.found


def test_without_ros_it_says_who_needs_it(fake: FakeMachine) -> None:
    found = ros_network.check(fake.machine(has_module=lambda name: name != "rospy"), SETUP)
    assert found.status is Status.PROBLEM and "--driver dynamixel" in found.why
