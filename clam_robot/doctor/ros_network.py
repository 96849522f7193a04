"""ROS 1 and how its programs find each other."""

import re
from urllib.parse import urlparse

from clam_robot.doctor.finding import Finding, ok, problem
from clam_robot.doctor.machine import Machine
from clam_robot.doctor.setup import DoctorConfig

NAME = "ROS network"
_LOCAL = {"localhost", "127.0.0.1", "::1"}


def check(machine: Machine, setup: DoctorConfig) -> Finding:
    """ROS is there, and the addresses in the environment lead somewhere and back."""
    del setup
    if not machine.has_module("rospy"):
        return problem(
            NAME,
            "no rospy",
            why="the vendor's node and `clam xs-sdk` speak ROS 1; the servo bus alone needs none (--driver dynamixel)",
            mend="sudo docker/setup-host",
        )
    uri = machine.environ.get("ROS_MASTER_URI") or "http://localhost:11311"
    master = urlparse(uri)
    if master.scheme != "http" or not master.hostname or not _has_port(uri):
        return problem(
            NAME,
            f"ROS_MASTER_URI={uri}",
            why="it is no address of a master",
            mend="export ROS_MASTER_URI=http://HOST:11311",
        )
    own = machine.environ.get("ROS_IP") or machine.environ.get("ROS_HOSTNAME")
    if own is None and master.hostname not in _LOCAL:
        return problem(
            NAME,
            f"master on {master.hostname}, no ROS_IP",
            why="others are told this machine's name, which they may not know: topics connect and stay silent",
            mend="export ROS_IP=ADDRESS, this machine's address in the robot's network (ip -4 addr)",
        )
    known = _addresses(machine)
    if own is not None and re.fullmatch(r"[0-9.]+", own) and known and own not in known:
        return problem(
            NAME,
            f"ROS_IP={own}, but this machine has {', '.join(sorted(known))}",
            why="others connect to an address that is somebody else's: topics connect and stay silent",
            mend=f"export ROS_IP={sorted(known)[-1]}",
        )
    return ok(NAME, f"the master is looked for on {uri}" + (f", this machine on {own}" if own else ""))


def _has_port(uri: str) -> bool:
    try:
        return urlparse(uri).port is not None
    except ValueError:
        return False


def _addresses(machine: Machine) -> set[str]:
    """IPv4 addresses of this machine: the leaves of the routing trie that are local hosts."""
    trie = machine.read("/proc/net/fib_trie") or ""
    return set(re.findall(r"\|-- ([0-9.]+)\n\s+/32 host LOCAL", trie))
