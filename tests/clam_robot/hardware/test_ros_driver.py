"""The driver over ROS keeps the contract of joint drivers: rosmaster, our xs_sdk node and the twin, four processes."""

from collections.abc import Iterator

import pytest

from clam_robot.hardware.joint_driver import JointDriver
from clam_robot.hardware.ros_driver import RosConfig, RosDriver
from clam_robot.testing.joint_driver_contract import JointDriverContract
from clam_robot.timing import MonotonicClock
from tests.clam_robot.hardware.conftest import Bus, clam, program

# rospy leaves sockets to the garbage collector.
pytestmark = [pytest.mark.xdist_group("ros"), pytest.mark.filterwarnings("ignore::ResourceWarning")]


@pytest.fixture(scope="module")
def namespace(bus: Bus, ros_master: str) -> Iterator[str]:
    """Of a running node."""
    with program(clam("xs-sdk", "--port", bus.port, "--namespace", "contract"), "xs_sdk serves", "the xs_sdk node"):
        yield "contract"


class TestRosDriver(JointDriverContract):
    @pytest.fixture(autouse=True)
    def _namespace(self, namespace: str) -> None:
        self.namespace = namespace

    def make_driver(self) -> JointDriver:
        return RosDriver(RosConfig(namespace=self.namespace), MonotonicClock())
