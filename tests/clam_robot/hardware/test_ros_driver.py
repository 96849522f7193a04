"""The driver over ROS keeps the contract of joint drivers: rosmaster, our xs_sdk node and the twin, four processes."""

import pytest

from clam_robot.hardware.joint_driver import JointDriver
from clam_robot.hardware.ros_driver import RosDriver
from clam_robot.testing.joint_driver_contract import JointDriverContract
from clam_robot.timing import MonotonicClock
from tests.clam_robot.hardware.conftest import Node, on_ros

# rospy leaves sockets to the garbage collector.
pytestmark = [pytest.mark.xdist_group("ros"), pytest.mark.filterwarnings("ignore::ResourceWarning")]


class TestRosDriver(JointDriverContract):
    @pytest.fixture(autouse=True)
    def _namespace(self, node: Node) -> None:
        self.namespace = node.namespace

    def make_driver(self) -> JointDriver:
        return RosDriver(on_ros(self.namespace), MonotonicClock())
