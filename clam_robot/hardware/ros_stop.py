"""The software stop as a topic, for whatever else is on the ROS network: a button, another program."""

from typing import Any

import rospy
from std_msgs.msg import Empty

from clam_robot.hardware.stop_latch import StopLatch

TOPIC = "clam_robot/stop"


class RosStop:
    """Any message on `/NAMESPACE/clam_robot/stop` stops the arm. Clearing needs a person, not a topic.

    Args:
        latch: what is set.
        namespace: of the node; this process is one, as a connected `RosDriver` makes it.
    """

    def __init__(self, latch: StopLatch, namespace: str) -> None:
        self._latch = latch
        self.topic = f"/{namespace.strip('/')}/{TOPIC}"
        self._subscriber: Any = rospy.Subscriber(self.topic, Empty, self._stop)

    def close(self) -> None:
        """Listen no more."""
        self._subscriber.unregister()

    def _stop(self, _: Empty) -> None:
        self._latch.stop(detail=f"asked for on {self.topic}")
