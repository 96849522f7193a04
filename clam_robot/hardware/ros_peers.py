"""Who else is there, by the ROS master: the arm's node, and others that would drive it or speak for it."""

from clam_robot.errors import NodeUnavailable
from clam_robot.hardware.ros_master import RosMaster

_COMMANDS = ("commands/joint_group", "commands/joint_single", "commands/joint_trajectory")


class RosPeers:
    """The nodes around one arm.

    Args:
        master: whom to ask.
        namespace: of the arm's node.
    """

    def __init__(self, master: RosMaster, namespace: str) -> None:
        self._master, self._namespace = master, namespace

    def require_node(self) -> None:
        """Check that master and node are there.

        Raises:
            NodeUnavailable: one is not; says which, and how to start it.
        """
        self._master.require()
        if self._master.provider(f"/{self._namespace}/torque_enable") is None:
            raise NodeUnavailable(
                f"no xs_sdk node serves /{self._namespace} on {self._master.uri}; start `clam xs-sdk` or the "
                "vendor's launch file, or give another namespace"
            )

    def require_sole_commander(self, me: str) -> None:
        """Check that nobody else commands the arm, and that one node speaks for it.

        Args:
            me: name of this program's node.

        Raises:
            NodeUnavailable: somebody does; names the nodes.
        """
        for topic in (f"/{self._namespace}/{each}" for each in _COMMANDS):
            others = [each for each in self._master.publishers(topic) if each != me]
            if others:
                raise NodeUnavailable(
                    f"{', '.join(others)} commands the arm too (on {topic}); stop it, as two would fight"
                )
        states = f"/{self._namespace}/joint_states"
        sources = self._master.publishers(states)
        if len(sources) > 1:
            raise NodeUnavailable(f"{' and '.join(sources)} both publish {states}; stop all but the arm's own")
