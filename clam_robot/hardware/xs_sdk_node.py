"""The vendor's xs_sdk node in Python: its topics, services and parameters, on `XsSdk`.

    commands/joint_group, commands/joint_single, commands/joint_trajectory ──> servos
    joint_states, 100 Hz                                                   <── servos
    services: torque_enable, reboot_motors, set_operating_modes, set_motor_pid_gains, set_motor_registers,
              get_motor_registers, get_robot_info

Of the joint states every number is measured: while the servos do not answer there are none. Where the port is lost the
node ends, as nothing it says would be true.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import rospy
from sensor_msgs.msg import JointState

from clam_robot.errors import NodeUnavailable
from clam_robot.hardware import interbotix_messages as messages
from clam_robot.hardware.late_commands import LateCommands
from clam_robot.hardware.ros_logging import kept_logging
from clam_robot.hardware.ros_master import RosMaster
from clam_robot.hardware.sample import Sample
from clam_robot.hardware.servo_setup import Profile
from clam_robot.hardware.units import current_from_counts, radians_from_counts, velocity_from_counts
from clam_robot.hardware.wx250s import (
    FINGER_CLOSED,
    FINGER_OPEN,
    GRIPPER,
    JOINT_NAMES,
    JOINTS,
    SLEEP,
    VELOCITY_LIMIT,
    finger_position,
)
from clam_robot.hardware.xs_groups import FINGERS, GROUPS, JOINT_STATES, MOTORS, joints_of
from clam_robot.hardware.xs_sdk import XsSdk
from clam_robot.hardware.xs_trajectory import TrajectoryPlayer
from clam_robot.timing import Clock

_log = logging.getLogger(__name__)
_PATIENCE = 0.1  # between looks at whether to end [s]
# Limits and sleep pose by joint, as `get_robot_info` tells them; the gripper's are its fingers' [m].
_LIMITS = {joint.name: (joint.low, joint.high) for joint in JOINTS} | {GRIPPER: (FINGER_CLOSED, FINGER_OPEN)}
_SLEEP = dict(zip(JOINT_NAMES, SLEEP, strict=True)) | {GRIPPER: finger_position(0.0)}
_IDS = [MOTORS[name] for name in GROUPS["all"]]


class XsSdkNode:
    """Serves one arm until `stop`, ROS shutting down, or the loss of the port.

    Args:
        sdk: the servos.
        clock: a real one, for trajectories.
        namespace: of topics, services and parameters.
    """

    def __init__(self, sdk: XsSdk, clock: Clock, *, namespace: str = "wx250s") -> None:
        self._sdk, self._namespace = sdk, namespace
        self._clock = clock
        self._player = TrajectoryPlayer(clock)
        self._late = LateCommands(clock)
        self._stopped = threading.Event()
        self._handles: list[Any] = []

    def run(self, on_ready: Callable[[], None] = lambda: None) -> None:
        """Connect to ROS and the arm, and serve.

        Args:
            on_ready: called once everything is there.

        Raises:
            NodeUnavailable: no ROS master, or another node serves this namespace.
            DriverError: the servos cannot be reached, or the port was lost.
        """
        self._require_alone()
        self._sdk.start()
        try:
            # Signals stay with the caller, who stops us.
            with kept_logging():
                rospy.init_node("xs_sdk", argv=[], disable_signals=True)
            states = rospy.Publisher(self._name("joint_states"), JointState, queue_size=1)
            self._handles.append(states)
            self._late = LateCommands(self._clock)
            self._advertise()
            on_ready()
            while not self._stopped.is_set() and not rospy.is_shutdown():
                sample = self._sdk.next_sample(_PATIENCE)
                self._late.beat()
                if sample is not None:
                    states.publish(_joint_state(sample))
        finally:
            self._player.stop()
            self._withdraw()
            self._sdk.stop()

    def stop(self) -> None:
        """Let `run` return; may be called from a signal handler."""
        self._stopped.set()

    def _name(self, name: str) -> str:
        return f"/{self._namespace}/{name}"

    def _require_alone(self) -> None:
        other = RosMaster().provider(self._name("torque_enable"))
        if other is not None:
            raise NodeUnavailable(
                f"{other} serves /{self._namespace} already; stop it first, or give this arm another namespace"
            )

    def _advertise(self) -> None:
        topics = {
            "joint_group": (messages.JointGroupCommand, lambda m: self._command("group", m.name, m.cmd)),
            "joint_single": (messages.JointSingleCommand, lambda m: self._command("single", m.name, [m.cmd])),
            "joint_trajectory": (messages.JointTrajectoryCommand, self._play),
        }
        for name, (kind, heard) in topics.items():
            subscriber = rospy.Subscriber(self._name(f"commands/{name}"), kind, heard, queue_size=1, tcp_nodelay=True)
            self._handles.append(subscriber)
        services = {
            "torque_enable": (messages.TorqueEnable, self._torque_enable),
            "reboot_motors": (messages.Reboot, self._reboot),
            "set_operating_modes": (messages.OperatingModes, self._set_modes),
            "set_motor_pid_gains": (messages.MotorGains, self._set_gains),
            "set_motor_registers": (messages.RegisterValues, self._set_registers),
            "get_motor_registers": (messages.RegisterValues, self._get_registers),
            "get_robot_info": (messages.RobotInfo, self._robot_info),
        }
        for name, (kind, answer) in services.items():
            self._handles.append(rospy.Service(self._name(name), kind, answer))

    def _withdraw(self) -> None:
        for handle in self._handles:
            if isinstance(handle, rospy.Service):
                handle.shutdown("the node ends")
            else:
                handle.unregister()
        self._handles.clear()
        rospy.signal_shutdown("the node ends")

    def _command(self, kind: str, name: str, command: Sequence[float]) -> None:
        if not self._late.beat():
            self._sdk.command(kind, name, command)

    def _play(self, message: Any) -> None:  # noqa: ANN401
        if self._late.beat():
            return
        points = message.traj.points
        try:
            mode = self._sdk.modes[joints_of(message.cmd_type, message.name)[0]]
        except ValueError as error:
            _log.error("cannot play a trajectory: %s", error)
            return
        part = "velocities" if mode == "velocity" else "effort" if mode in ("pwm", "current") else "positions"
        self._player.start(
            [point.time_from_start.to_sec() for point in points],
            [getattr(point, part) for point in points],
            lambda command: self._sdk.command(message.cmd_type, message.name, command),
        )

    def _torque_enable(self, request: Any) -> Any:  # noqa: ANN401
        self._sdk.set_torque(request.cmd_type, request.name, request.enable)
        return messages.TorqueEnable._response_class()

    def _reboot(self, request: Any) -> Any:  # noqa: ANN401
        self._sdk.reboot(request.cmd_type, request.name, request.enable, request.smart_reboot)
        return messages.Reboot._response_class()

    def _set_modes(self, request: Any) -> Any:  # noqa: ANN401
        profile = Profile(velocity=request.profile_velocity, acceleration=request.profile_acceleration)
        self._sdk.set_modes(request.cmd_type, request.name, request.mode, request.profile_type, profile)
        return messages.OperatingModes._response_class()

    def _set_gains(self, request: Any) -> Any:  # noqa: ANN401
        gains = (request.kp_pos, request.ki_pos, request.kd_pos, request.k1, request.k2, request.kp_vel, request.ki_vel)
        self._sdk.set_gains(request.cmd_type, request.name, gains)
        return messages.MotorGains._response_class()

    def _set_registers(self, request: Any) -> Any:  # noqa: ANN401
        self._sdk.set_registers(request.cmd_type, request.name, request.reg, request.value)
        return messages.RegisterValues._response_class()

    def _get_registers(self, request: Any) -> Any:  # noqa: ANN401
        return messages.RegisterValues._response_class(
            values=self._sdk.get_registers(request.cmd_type, request.name, request.reg)
        )

    def _robot_info(self, request: Any) -> Any:  # noqa: ANN401
        try:
            names = [name for name in joints_of(request.cmd_type, request.name) if name in _LIMITS]
        except ValueError as error:
            _log.error("cannot tell about %s: %s", request.name, error)
            names = []
        shown = [FINGERS[0] if name == GRIPPER else name for name in names]
        return messages.RobotInfo._response_class(
            mode=self._sdk.modes[names[0]] if names else "",
            profile_type=self._sdk.profile_types[names[0]] if names else "",
            joint_names=shown,
            joint_ids=[MOTORS[name] for name in names],
            joint_lower_limits=[_LIMITS[name][0] for name in names],
            joint_upper_limits=[_LIMITS[name][1] for name in names],
            joint_velocity_limits=[VELOCITY_LIMIT] * len(names),
            joint_sleep_positions=[_SLEEP[name] for name in names],
            joint_state_indices=[JOINT_STATES.index(name) for name in shown],
            num_joints=len(names),
            name=[request.name],
        )


def _joint_state(sample: Sample) -> JointState:
    def of(counts: dict[int, int]) -> np.ndarray:
        return np.array([counts[servo_id] for servo_id in _IDS])

    position = radians_from_counts(of(sample.position))
    finger = finger_position(float(position[-1]))
    state = JointState()
    # Samples are stamped by the monotonic clock, ROS counts from 1970: what they have in common is now.
    state.header.stamp = rospy.Time.now()
    state.name = list(JOINT_STATES)
    state.position = _floats(position, finger, -finger)
    state.velocity = _floats(velocity_from_counts(of(sample.velocity)), 0.0, 0.0)
    state.effort = _floats(current_from_counts(of(sample.current)), 0.0, 0.0)
    return state


def _floats(values: np.ndarray, *rest: float) -> Sequence[float]:
    return [*(float(value) for value in values), *rest]
