"""The arm's joints through ROS 1 and an xs_sdk node, the vendor's or `clam xs-sdk`."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
import rospy
from jaxtyping import Float64
from sensor_msgs.msg import JointState as JointStateMessage

from clam_robot import config
from clam_robot.errors import DriverError, NodeUnavailable, NotConnected
from clam_robot.hardware import interbotix_messages as messages
from clam_robot.hardware import wx250s, xs_setup
from clam_robot.hardware.joint_driver import JointState, ServoStatus
from clam_robot.hardware.joint_goal import goal_counts, require_effort, require_joint_goal, require_profile
from clam_robot.hardware.joint_listener import JointListener
from clam_robot.hardware.ros_logging import kept_logging
from clam_robot.hardware.ros_master import RosMaster
from clam_robot.hardware.ros_peers import RosPeers
from clam_robot.hardware.servo_setup import Profile
from clam_robot.hardware.units import pwm_from_effort, radians_from_counts
from clam_robot.hardware.xs_core import XsCore, XsNode
from clam_robot.hardware.xs_groups import MOTORS
from clam_robot.hardware.xs_status import StatusReader
from clam_robot.timing import Clock

_log = logging.getLogger(__name__)
_VENDOR_MODULE = "interbotix_xs_modules.core"
_UNPREPARED = "no commands before prepare(): the servos' modes and profile may be any"
_LIMP = "no commands while the torque is off; call set_torque(True)"
_ANEW = "prepare() sets all up anew, as does a stop that is cleared"
_GENTLE = Profile(velocity=2000, acceleration=300)


@dataclass(frozen=True, kw_only=True)
class RosConfig(config.Strict):
    """How to reach the node.

    Attributes:
        namespace: of its topics and services.
        stale_after: age at which a state is too old to act on [s]. The vendor's node is silent for up to 0.1 s while
            it writes registers.
        service_timeout: longest wait for one service call [s].
        connect_timeout: longest wait for the master, and for the first message of a node that is there [s].
    """

    namespace: str = "wx250s"
    stale_after: float = 0.3
    service_timeout: float = 5.0
    connect_timeout: float = 1.0


class RosDriver:
    """A `JointDriver` over rospy.

    Commands are accepted after `prepare`, and again only after another `prepare` when the node was restarted.

    Args:
        setup: where the node is.
        clock: a real one.
        make_core: makes the calls to the node; by default the vendor's own module where it is installed.
        master: whom to ask who is there.
    """

    def __init__(
        self,
        setup: RosConfig,
        clock: Clock,
        *,
        make_core: Callable[[str], XsCore] | None = None,
        master: RosMaster | None = None,
    ) -> None:
        self._setup, self._clock = setup, clock
        self._make_core = make_core or make_vendor_core
        self._peers = RosPeers(master or RosMaster(timeout=setup.connect_timeout), setup.namespace)
        self._joints = JointListener(self._name("joint_states"), clock, stale_after=setup.stale_after)
        self._node: XsNode | None = None
        self._subscriber: Any = None
        self._refusal = _UNPREPARED  # why commands are refused, empty when they are not
        self._profile = _GENTLE
        self._slow = threading.RLock()

    def connect(self) -> None:
        if self._node is not None:
            return
        self._peers.require_node()
        if not rospy.core.is_initialized():
            with kept_logging():
                rospy.init_node("clam_robot", argv=[], anonymous=True, disable_signals=True)
        self._peers.require_sole_commander(rospy.get_name())
        self._refusal = _UNPREPARED
        self._joints.forget()
        self._subscriber = rospy.Subscriber(
            self._name("joint_states"), JointStateMessage, self._hear, queue_size=1, tcp_nodelay=True
        )
        try:
            self._await(lambda: self._joints.has_heard, "no usable message arrives on /{}/joint_states")
            core = self._make_core(self._setup.namespace)
            outlets = (core.pub_group, core.pub_single)
            self._await(
                lambda: all(each.get_num_connections() for each in outlets),
                "nobody hears /{}/commands",
                within=self._setup.service_timeout,  # the node lives, as its messages come
            )
        except BaseException:
            self._subscriber.unregister()
            raise
        self._node = XsNode(core, self._setup.namespace, timeout=self._setup.service_timeout)
        self._status = StatusReader(self._node)

    def disconnect(self) -> None:
        if self._node is None:
            return
        self._subscriber.unregister()
        core, self._node = self._node.core, None
        for outlet in (core.pub_group, core.pub_single):
            withdraw = getattr(outlet, "unregister", None)
            if withdraw is not None:
                withdraw()

    def read(self) -> JointState:
        self._require_connected()
        return self._joints.newest()

    def command(self, position: Float64[np.ndarray, "6"]) -> None:
        node = self._require_connected()
        goal = require_joint_goal(position)
        self._require_ready()
        counts = np.array(list(goal_counts(goal).values()))
        node.core.robot_write_commands("arm", [float(angle) for angle in radians_from_counts(counts)])

    def command_gripper(self, effort: float) -> None:
        node = self._require_connected()
        pwm = pwm_from_effort(require_effort(effort))
        self._require_ready()
        node.core.robot_write_joint_command(wx250s.GRIPPER, float(pwm))

    def prepare(self, *, profile_velocity: int, profile_acceleration: int) -> None:
        node = self._require_connected()
        require_profile(profile_velocity, profile_acceleration)
        profile = Profile(velocity=profile_velocity, acceleration=profile_acceleration)
        with self._suspended("the servos are being prepared"):
            self._peers.require_sole_commander(rospy.get_name())
            source = self._joints.source
            xs_setup.prepare(node, profile, self._measure, self._clock)
            if self._joints.source is not source:
                raise NodeUnavailable(f"xs_sdk of /{self._setup.namespace} was restarted meanwhile; prepare again")
            self._profile, self._refusal = profile, ""

    def servos(self) -> tuple[ServoStatus, ...]:
        self._require_connected()
        return self._status.read()

    def reboot(self, name: str) -> None:
        node = self._require_connected()
        wx250s.servo(name)
        with self._suspended(f"{name} restarts"):
            node.call("reboot_motors", lambda: node.core.robot_reboot_motors("single", name, False, False))
            # The node leaves Profile_Velocity 0, which is full speed; prepare writes it anew before torque comes on.
            self.prepare(profile_velocity=self._profile.velocity, profile_acceleration=self._profile.acceleration)

    def set_torque(self, is_on: bool) -> None:
        node = self._require_connected()
        with self._slow:
            before = self._refusal if self._refusal != _LIMP else ""
            with self._suspended("the torque is being switched"):
                if is_on:
                    xs_setup.take_hold(node, self._measure, self._clock)
                else:
                    xs_setup.switch_torque(node, list(MOTORS), False)
                self._refusal = before or ("" if is_on else _LIMP)

    def _hear(self, message: Any) -> None:  # noqa: ANN401
        if self._joints.hear(message):
            self._refusal = f"{self._name('joint_states')} comes from another run of xs_sdk; {_ANEW}"
            _log.error("%s", self._refusal)

    @contextmanager
    def _suspended(self, reason: str) -> Iterator[None]:
        """Refuse commands meanwhile, and afterwards too if it fails."""
        with self._slow:
            self._refusal = f"no commands while {reason}"
            try:
                yield
            except BaseException:
                self._refusal = f"no commands: it failed while {reason}; {_ANEW}"
                raise
            finally:
                self._status.forget()

    def _name(self, name: str) -> str:
        return f"/{self._setup.namespace}/{name}"

    def _require_connected(self) -> XsNode:
        if self._node is None:
            raise NotConnected(f"the arm under /{self._setup.namespace} is not connected; call connect() first")
        return self._node

    def _require_ready(self) -> None:
        if silence := self._joints.silence:
            raise NodeUnavailable(silence)
        if self._refusal:
            raise DriverError(self._refusal)

    def _measure(self) -> Float64[np.ndarray, "6"]:
        """Newest joint positions [rad]; the node may have been busy with registers until now."""
        self._await(lambda: not self._joints.silence, "no fresh message arrives on /{}/joint_states")
        return self.read().position

    def _await(self, condition: Callable[[], bool], problem: str, *, within: float | None = None) -> None:
        patience = self._setup.connect_timeout if within is None else within
        deadline = self._clock.now() + patience
        while not condition():
            if self._clock.now() > deadline:
                raise NodeUnavailable(
                    f"{problem.format(self._setup.namespace)} within {patience:g} s, though its "
                    "xs_sdk node is registered; see its log, and that both sides reach each other's ROS_IP"
                )
            self._clock.sleep_until(self._clock.now() + 2e-3)


def make_vendor_core(namespace: str) -> XsCore:
    """The core of the vendor's module where it is installed, else our own."""
    try:
        core = import_module(_VENDOR_MODULE)
    except ModuleNotFoundError:
        return RospyCore(namespace)
    return core.InterbotixRobotXSCore(namespace, robot_name=namespace, init_node=False)


class RospyCore:
    """`XsCore` on rospy alone, for machines without the vendor's module.

    Args:
        namespace: of the node.
    """

    def __init__(self, namespace: str) -> None:
        self.pub_group: Any = rospy.Publisher(
            f"/{namespace}/commands/joint_group", messages.JointGroupCommand, queue_size=1
        )
        self.pub_single: Any = rospy.Publisher(
            f"/{namespace}/commands/joint_single", messages.JointSingleCommand, queue_size=1
        )
        self._services = {
            name: rospy.ServiceProxy(f"/{namespace}/{name}", kind)
            for name, kind in {
                "get_motor_registers": messages.RegisterValues,
                "set_motor_registers": messages.RegisterValues,
                "get_robot_info": messages.RobotInfo,
                "set_operating_modes": messages.OperatingModes,
                "torque_enable": messages.TorqueEnable,
                "reboot_motors": messages.Reboot,
            }.items()
        }

    def robot_write_commands(self, group_name: str, commands: Sequence[float]) -> None:
        self.pub_group.publish(messages.JointGroupCommand(name=group_name, cmd=commands))

    def robot_write_joint_command(self, joint_name: str, command: float) -> None:
        self.pub_single.publish(messages.JointSingleCommand(name=joint_name, cmd=command))

    def robot_get_motor_registers(self, cmd_type: str, name: str, reg: str) -> Any:  # noqa: ANN401
        return self._services["get_motor_registers"](cmd_type=cmd_type, name=name, reg=reg)

    def robot_set_motor_registers(self, cmd_type: str, name: str, reg: str, value: int) -> None:
        self._services["set_motor_registers"](cmd_type, name, reg, value)

    def robot_get_robot_info(self, cmd_type: str, name: str) -> Any:  # noqa: ANN401
        return self._services["get_robot_info"](cmd_type, name)

    def robot_set_operating_modes(
        self,
        cmd_type: str,
        name: str,
        mode: str,
        profile_type: str,
        profile_velocity: int,
        profile_acceleration: int,
    ) -> None:
        self._services["set_operating_modes"](
            cmd_type, name, mode, profile_type, profile_velocity, profile_acceleration
        )

    def robot_torque_enable(self, cmd_type: str, name: str, enable: bool) -> None:
        self._services["torque_enable"](cmd_type, name, enable)

    def robot_reboot_motors(self, cmd_type: str, name: str, enable: bool, smart_reboot: bool) -> None:
        self._services["reboot_motors"](cmd_type, name, enable, smart_reboot)
