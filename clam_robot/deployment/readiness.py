"""Whether programs do their work: asked from outside, as their users would."""

import http.client
import socket
import urllib.request

from clam_robot.errors import NodeUnavailable
from clam_robot.hardware.ros_master import RosMaster

_TIMEOUT = 1.0  # [s]


def answers_http(url: str) -> bool:
    """Whether a GET succeeds."""
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT):
            return True
    except (OSError, http.client.HTTPException):
        return False


def listens(port: int) -> bool:
    """Whether somebody accepts connections on a port of the loopback interface."""
    with socket.socket() as probe:
        probe.settimeout(_TIMEOUT)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def is_master(uri: str) -> bool:
    """Whether a ROS master answers."""
    try:
        RosMaster(uri).require()
    except NodeUnavailable:
        return False
    return True


def serves_arm(uri: str, namespace: str) -> bool:
    """Whether a live node offers the arm's services."""
    try:
        return RosMaster(uri).provider(f"/{namespace}/torque_enable") is not None
    except NodeUnavailable:
        return False
