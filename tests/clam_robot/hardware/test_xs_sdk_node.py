"""Our xs_sdk node says and does what programs written for the vendor's expect."""

import math
import signal
import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import rospy
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from clam_robot.hardware import interbotix_messages as messages
from clam_robot.hardware import wx250s
from clam_robot.hardware.joint_driver import JointState as ArmState
from clam_robot.hardware.ros_driver import RosDriver, RospyCore
from clam_robot.timing import MonotonicClock
from tests.clam_robot.hardware.conftest import Node, on_ros
from tests.programs import wait_for

pytestmark = [pytest.mark.xdist_group("ros"), pytest.mark.filterwarnings("ignore::ResourceWarning")]
RAISED = [0.0, -1.2, 0.9, 0.0, 0.3, 0.0]


class Listener:
    """The newest joint states."""

    def __init__(self, namespace: str) -> None:
        self.messages: list[JointState] = []
        self.subscriber = rospy.Subscriber(f"/{namespace}/joint_states", JointState, self.messages.append)

    def position(self, name: str) -> float:
        return self.messages[-1].position[self.messages[-1].name.index(name)]

    def wait_for(self, condition: Callable[[], bool], what: str) -> None:
        wait_for(lambda: bool(self.messages) and condition(), what)


def is_raised(arm: ArmState) -> bool:
    """Whether the arm is up there, but for its sag, and rests."""
    return bool(np.abs(arm.position - RAISED).max() < 0.15 and np.abs(arm.velocity).max() < 0.02)


@pytest.fixture
def core(node: Node) -> RospyCore:
    """Calls to the node, the arm raised and ready."""
    driver = RosDriver(on_ros(node.namespace), MonotonicClock(), make_core=RospyCore)
    driver.connect()
    driver.prepare(profile_velocity=600, profile_acceleration=200)
    driver.command(np.array(RAISED))
    wait_for(lambda: is_raised(driver.read()), "a raised arm")
    driver.disconnect()
    core = RospyCore(node.namespace)
    wait_for(lambda: core.pub_group.get_num_connections() and core.pub_single.get_num_connections(), "the node")
    return core


@pytest.fixture
def states(node: Node) -> Iterator[Listener]:
    listener = Listener(node.namespace)
    listener.wait_for(lambda: True, "joint states")
    yield listener
    listener.subscriber.unregister()


def test_joint_states_have_the_vendors_names_order_and_fingers(core: RospyCore, states: Listener) -> None:
    message = states.messages[-1]
    assert message.name == [*wx250s.JOINT_NAMES, "gripper", "left_finger", "right_finger"]
    assert len(message.position) == len(message.velocity) == len(message.effort) == 9
    finger = wx250s.finger_position(states.position("gripper"))
    assert states.position("left_finger") == pytest.approx(finger, abs=1e-9)
    assert states.position("right_finger") == pytest.approx(-finger, abs=1e-9)
    states.wait_for(lambda: len(states.messages) > 20, "20 states")
    stamps = [each.header.stamp.to_sec() for each in states.messages]
    assert (np.diff(stamps) > 0).all()


def test_registers_of_a_group_are_in_its_order_without_second_motors(core: RospyCore) -> None:
    assert list(core.robot_get_motor_registers("group", "all", "ID").values) == [1, 2, 4, 6, 7, 8, 9]
    assert list(core.robot_get_motor_registers("group", "arm", "Profile_Velocity").values) == [600] * 6
    assert list(core.robot_get_motor_registers("single", "elbow_shadow", "ID").values) == [5]


def test_requests_that_make_no_sense_are_ignored_and_the_node_lives_on(core: RospyCore, states: Listener) -> None:
    before = list(states.messages[-1].position)
    core.robot_write_commands("arms", [0.5] * 6)
    core.robot_write_commands("arm", [0.5] * 5)
    core.robot_write_joint_command("elbo", 0.5)
    core.robot_write_commands("arm", [math.nan] * 6)
    core.robot_write_commands("arm", [math.inf] * 6)
    core.robot_set_motor_registers("group", "arm", "Profile_Speed", 3)
    core.robot_set_motor_registers("single", "waist", "Torque_Enable", -3)
    core.robot_torque_enable("both", "arm", False)
    core.robot_reboot_motors("single", "elbo", True, False)
    core.robot_set_operating_modes("group", "arm", "dancing", "time", 0, 0)
    assert list(core.robot_get_motor_registers("group", "arm", "Profile_Speed").values) == []
    count = len(states.messages)
    states.wait_for(lambda: len(states.messages) > count + 30, "more states")
    np.testing.assert_allclose(states.messages[-1].position, before, atol=0.02)


def test_a_joint_moves_alone_and_the_group_together(core: RospyCore, states: Listener) -> None:
    core.robot_write_joint_command("waist", 0.25)
    states.wait_for(lambda: abs(states.position("waist") - 0.25) < 0.02, "the waist there")
    core.robot_write_commands("arm", RAISED)
    states.wait_for(lambda: abs(states.position("waist")) < 0.02, "the waist back")


def test_what_a_suspended_node_was_told_is_not_done_when_it_goes_on(
    core: RospyCore, node: Node, states: Listener
) -> None:
    node.process.send_signal(signal.SIGSTOP)
    try:
        core.robot_write_commands("arm", [0.4, *RAISED[1:]])
        core.robot_write_joint_command("waist", 0.4)
        threading.Event().wait(1.0)  # the standstill itself
    finally:
        node.process.send_signal(signal.SIGCONT)
    count = len(states.messages)
    states.wait_for(lambda: len(states.messages) > count + 100, "a second of states")
    assert abs(states.position("waist")) < 0.02
    core.robot_write_joint_command("waist", 0.2)
    states.wait_for(lambda: abs(states.position("waist") - 0.2) < 0.02, "what it is told then")
    core.robot_write_commands("arm", RAISED)


def test_robot_info_tells_limits_modes_and_where_the_joints_are(core: RospyCore) -> None:
    arm = core.robot_get_robot_info("group", "arm")
    assert (arm.mode, arm.profile_type, arm.num_joints) == ("position", "time", 6)
    assert list(arm.joint_names) == list(wx250s.JOINT_NAMES)
    assert list(arm.joint_ids) == [1, 2, 4, 6, 7, 8]
    low, high = wx250s.joint_limits()
    np.testing.assert_allclose(arm.joint_lower_limits, low, atol=1e-6)
    np.testing.assert_allclose(arm.joint_upper_limits, high, atol=1e-6)
    np.testing.assert_allclose(arm.joint_sleep_positions, wx250s.SLEEP, atol=1e-6)
    gripper = core.robot_get_robot_info("single", "gripper")
    assert (gripper.mode, list(gripper.joint_names)) == ("pwm", ["left_finger"])
    assert list(gripper.joint_state_indices) == [7]
    assert gripper.joint_upper_limits[0] == pytest.approx(0.037)


def test_the_gripper_goes_to_a_width_in_its_linear_mode(core: RospyCore, states: Listener) -> None:
    core.robot_set_operating_modes("single", "gripper", "linear_position", "time", 300, 100)
    try:
        core.robot_write_joint_command("gripper", 0.06)
        states.wait_for(lambda: abs(states.position("left_finger") - 0.03) < 0.002, "fingers 60 mm apart")
    finally:
        core.robot_set_operating_modes("single", "gripper", "pwm", "time", 0, 0)
    assert core.robot_get_robot_info("single", "gripper").mode == "pwm"


def test_a_mode_that_a_servo_does_not_have_leaves_it_holding_in_its_old_one(core: RospyCore) -> None:
    core.robot_set_operating_modes("single", "wrist_rotate", "current", "time", 600, 200)  # an XL430 cannot
    assert list(core.robot_get_motor_registers("single", "wrist_rotate", "Operating_Mode").values) == [3]
    assert list(core.robot_get_motor_registers("single", "wrist_rotate", "Torque_Enable").values) == [1]
    assert core.robot_get_robot_info("single", "wrist_rotate").mode == "position"


def test_as_with_the_vendors_node_a_reboot_leaves_no_profile(core: RospyCore) -> None:
    core.robot_reboot_motors("single", "forearm_roll", True, False)
    assert list(core.robot_get_motor_registers("single", "forearm_roll", "Profile_Velocity").values) == [0]
    assert list(core.robot_get_motor_registers("single", "forearm_roll", "Torque_Enable").values) == [1]


def test_a_smart_reboot_restarts_only_what_failed(core: RospyCore, node: Node) -> None:
    core.robot_set_motor_registers("single", "waist", "LED", 1)
    node.client.fault("overload", "wrist_rotate")
    core.robot_reboot_motors("group", "arm", True, True)
    assert list(core.robot_get_motor_registers("group", "arm", "Hardware_Error_Status").values) == [0] * 6
    assert list(core.robot_get_motor_registers("group", "arm", "Torque_Enable").values) == [1] * 6
    assert list(core.robot_get_motor_registers("single", "waist", "LED").values) == [1]


def test_gains_are_written_to_every_motor_of_a_group(core: RospyCore, node: Node) -> None:
    set_gains = rospy.ServiceProxy(f"/{node.namespace}/set_motor_pid_gains", messages.MotorGains)
    set_gains("single", "waist", 700, 1, 2, 3, 4, 90, 1900)
    registers = ("Position_P_Gain", "Position_I_Gain", "Position_D_Gain", "Feedforward_1st_Gain")
    found = [core.robot_get_motor_registers("single", "waist", name).values[0] for name in registers]
    assert found == [700, 1, 2, 3]
    set_gains("single", "waist", 800, 0, 0, 0, 0, 100, 1920)


def test_a_trajectory_is_played_against_the_clock(core: RospyCore, node: Node, states: Listener) -> None:
    outlet = rospy.Publisher(
        f"/{node.namespace}/commands/joint_trajectory", messages.JointTrajectoryCommand, queue_size=1
    )
    wait_for(lambda: outlet.get_num_connections() > 0, "the node")
    points = [
        JointTrajectoryPoint(positions=[waist, *RAISED[1:]], time_from_start=rospy.Duration.from_sec(0.4 * index))
        for index, waist in enumerate((0.0, 0.2, -0.2))
    ]
    outlet.publish(messages.JointTrajectoryCommand(cmd_type="group", name="arm", traj=JointTrajectory(points=points)))
    states.wait_for(lambda: max(each.position[0] for each in states.messages) > 0.05, "a turn to the left")
    states.wait_for(lambda: abs(states.position("waist") + 0.2) < 0.02, "the end of it")
    outlet.unregister()
