"""Whatever is asked for, set-points stay within limits and clear of table and arm, and come to rest."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import RigidTransform, Rotation

from clam_robot.hardware import safety_rules
from clam_robot.hardware.arm_controller import ArmConfig, ArmController
from clam_robot.hardware.joint_driver import JointState
from clam_robot.hardware.joint_stream import StreamConfig
from clam_robot.hardware.kinematics import tool_pose
from clam_robot.hardware.pose_change import difference, moved
from clam_robot.hardware.safety_rules import Reason, SafetyLimits
from clam_robot.hardware.widowx import RAISED, START
from clam_robot.hardware.workspace import Box, Workspace, WorkspaceConfig
from clam_robot.hardware.wx250s import SLEEP

STEPS_PER_ACTION = 5
STILL = np.array([0, 0, 0, 0, 0, 0, 1], np.float32)


def state(position: np.ndarray, finger: float = 0.03, time: float = 0.0) -> JointState:
    return JointState(
        time=time,
        position=position,
        velocity=np.zeros(6),
        effort=np.zeros(6),
        finger=finger,
        gripper_effort=0.0,
    )


def controller(position: tuple[float, ...] = START, **settings: object) -> ArmController:
    space = settings.pop("space", "pose")
    arm = ArmController(ArmConfig(**settings), space=space, period=0.1)
    arm.start(state(np.array(position)))
    return arm


def drive(arm: ArmController, action: np.ndarray, num_actions: int = 1) -> list[np.ndarray]:
    """Set-points of an arm that follows them perfectly."""
    setpoints = []
    for _ in range(num_actions):
        arm.act(action.astype(np.float32), state(arm.setpoint))
        for _ in range(STEPS_PER_ACTION):
            arm.step(state(arm.setpoint))
            setpoints.append(arm.setpoint)
    return setpoints


def settle(arm: ArmController) -> np.ndarray:
    while not arm.is_at_rest:
        arm.step(state(arm.setpoint))
    return arm.setpoint


ACTIONS = st.lists(
    st.tuples(*[st.floats(-0.05, 0.05)] * 3, *[st.floats(-0.4, 0.4)] * 3, st.sampled_from([0.0, 1.0])),
    min_size=1,
    max_size=25,
)


@settings(max_examples=25)
@given(ACTIONS, st.sampled_from(["pose", "joints"]))
def test_set_points_are_always_within_limits_and_clear(actions: list[tuple[float, ...]], space: str) -> None:
    arm, workspace = controller(space=space), Workspace(WorkspaceConfig())
    for action in actions:
        for position in drive(arm, np.array(action)):
            assert safety_rules.is_within_limits(position)
            assert workspace.nearness(position) == []
    settle(arm)


@pytest.mark.parametrize("axis", range(3))
def test_the_tool_moves_along_the_axis_it_is_asked_to(axis: int) -> None:
    arm = controller()
    before = tool_pose(arm.setpoint)
    action = STILL.copy()
    action[axis] = 0.02
    executed = arm.act(action, state(arm.setpoint))
    after = tool_pose(settle(arm))
    np.testing.assert_allclose(difference(before, after)[:3], action[:3], atol=1e-3)
    np.testing.assert_allclose(executed.action, action, atol=1e-3)
    assert executed.reasons == ()


@pytest.mark.parametrize("axis", range(3))
def test_the_tool_turns_about_the_axis_it_is_asked_to(axis: int) -> None:
    arm = controller()
    before = tool_pose(arm.setpoint)
    action = STILL.copy()
    action[3 + axis] = 0.08
    arm.act(action, state(arm.setpoint))
    after = tool_pose(settle(arm))
    turn = (after.rotation * before.rotation.inv()).as_rotvec()
    np.testing.assert_allclose(turn, np.eye(3)[axis] * 0.08, atol=3e-3)
    np.testing.assert_allclose(after.translation, before.translation, atol=2e-3)


def test_actions_chain_on_the_commanded_pose_not_on_the_measured_one() -> None:
    arm = controller()
    start = tool_pose(arm.setpoint).translation
    sagging = state(np.array(START) + np.array([0, 0.02, 0, 0, 0, 0]))
    for _ in range(3):
        arm.act(STILL, sagging)
    np.testing.assert_allclose(tool_pose(settle(arm)).translation, start, atol=1e-3)


def test_a_measured_pose_that_fell_far_behind_pulls_the_commanded_one_back() -> None:
    arm = controller()
    behind = state(np.array(START) + np.array([0.4, 0, 0, 0, 0, 0]))
    executed = arm.act(STILL, behind)
    assert Reason.DRIFT in executed.reasons


def test_the_workspace_box_stops_the_tool_at_its_floor() -> None:
    arm = controller()
    down = np.array([0, 0, -0.025, 0, 0, 0, 1])
    drive(arm, down, num_actions=20)
    assert tool_pose(settle(arm)).translation[2] >= WorkspaceConfig().low[2] - 1e-3
    assert arm.num_changed[Reason.WORKSPACE] > 0


def test_the_nearer_the_table_is_the_slower_the_tool_goes_down() -> None:
    arm, dt = controller(), StreamConfig().period
    setpoints = drive(arm, np.array([0, 0, -0.025, 0, 0, 0, 1]), num_actions=30)
    height = np.array([tool_pose(each).translation[2] for each in setpoints])
    speed = -np.diff(height) / dt
    assert speed[height[1:] > 0.1].max() > 0.15  # [m/s]
    assert speed[height[1:] < 0.025].max() < 0.1
    assert height[-1] < WorkspaceConfig().low[2] + 7e-3


@pytest.mark.parametrize("down", [0.005, 0.025])
def test_a_hand_on_the_table_that_is_asked_down_and_aside_goes_aside(down: float) -> None:
    arm = controller()
    drive(arm, np.array([0, 0, -0.025, 0, 0, 0, 1]), num_actions=40)
    before = tool_pose(settle(arm)).translation
    executed = arm.act(np.array([0, 0.01, -down, 0, 0, 0.05, 1], np.float32), state(arm.setpoint))
    np.testing.assert_allclose(executed.action[:6], [0, 0.01, 0, 0, 0, 0.05], atol=1e-3)
    assert Reason.CLEARANCE in executed.reasons
    np.testing.assert_allclose(tool_pose(settle(arm)).translation - before, [0, 0.01, 0], atol=1e-3)


def test_a_box_on_the_table_is_not_driven_into() -> None:
    box = Box(name="oven", center=(0.36, 0.0, 0.1), size=(0.1, 0.4, 0.2))
    arm = controller(workspace=WorkspaceConfig(boxes=(box,)))
    workspace = Workspace(WorkspaceConfig(boxes=(box,)))
    for position in drive(arm, np.array([0.025, 0, 0, 0, 0, 0, 1]), num_actions=20):
        assert workspace.nearness(position) == []
    assert arm.num_changed[Reason.CLEARANCE] > 0
    assert tool_pose(settle(arm)).translation[0] < 0.31


def test_the_upper_arm_does_not_lean_on_its_rest_but_comes_off_it() -> None:
    arm, workspace = controller((0.05, -1.65, 1.2, 0.16, 0.9, 1.22), space="joints"), Workspace(WorkspaceConfig())
    for position in drive(arm, np.array([0, -0.04, 0, 0, 0, 0, 1]), num_actions=8):
        assert workspace.nearness(position) == []
    assert settle(arm)[1] < -1.7
    assert arm.num_changed[Reason.CLEARANCE] > 0
    asleep = controller(SLEEP, space="joints")
    assert asleep.move_to(np.array(RAISED))
    np.testing.assert_allclose(settle(asleep), RAISED, atol=1e-6)


def test_an_unreachable_pose_becomes_no_target() -> None:
    arm = controller(workspace=WorkspaceConfig(low=(-1.0, -1.0, 0.02), high=(2.0, 1.0, 2.0)))
    drive(arm, np.array([0.025, 0, 0.01, 0, 0, 0, 1]), num_actions=40)
    assert arm.num_changed[Reason.UNREACHABLE] > 0
    before = tool_pose(settle(arm))
    drive(arm, np.array([0.025, 0, 0, 0, 0, 0, 1]), num_actions=3)
    assert np.abs(difference(before, tool_pose(settle(arm)))).max() < 0.03
    drive(arm, np.array([-0.025, 0, 0, 0, 0, 0, 1]), num_actions=10)
    assert tool_pose(settle(arm)).translation[0] < before.translation[0] - 0.1


def test_hold_stops_at_once_and_a_later_action_goes_on_from_there() -> None:
    arm = controller()
    drive(arm, np.array([0, 0.025, 0, 0, 0, 0, 1]), num_actions=4)
    here = arm.setpoint
    arm.hold(state(here))
    stopping = 0
    while not arm.is_at_rest:
        stopping += 1
        arm.step(state(arm.setpoint, time=0.02 * stopping))
    assert stopping <= 2
    there = tool_pose(arm.setpoint).translation
    np.testing.assert_allclose(arm.setpoint, here, atol=1e-6)
    arm.act(STILL, state(arm.setpoint))
    np.testing.assert_allclose(tool_pose(settle(arm)).translation, there, atol=1e-3)


@pytest.mark.parametrize("silent_first", [False, True])
def test_fingers_that_open_stop_when_it_holds_and_those_that_close_go_on(silent_first: bool) -> None:
    arm = controller()
    half = state(arm.setpoint, finger=0.03)
    for wanted, is_driven in ((1.0, False), (0.0, True)):
        arm.act(np.array([0, 0, 0, 0, 0, 0, wanted], np.float32), half)
        if silent_first:
            arm.hold(None)
        arm.hold(half)
        assert (arm.step(half).gripper_effort != 0.0) == is_driven
    arm.act(STILL, half)
    assert arm.step(half).gripper_effort > 0.0


def test_silent_joints_are_not_pulled_back_to_where_they_were_but_set_points_come_to_rest() -> None:
    arm = controller()
    drive(arm, np.array([0, 0.025, 0, 0, 0, 0, 1]), num_actions=4)
    before = arm.setpoint
    arm.hold(None)
    there = settle(arm)
    assert there[0] > before[0]
    np.testing.assert_allclose(there, before, atol=0.04)


def test_joints_that_were_silent_stay_where_they_are_found() -> None:
    arm = controller()
    drive(arm, np.array([0, 0.025, 0, 0, 0, 0, 1]), num_actions=4)
    here = arm.setpoint - 0.1  # they heard nothing for a while
    arm.hold(None)
    settle(arm)
    arm.hold(state(here, time=60.0))
    for turn in range(1, 20):
        arm.step(state(here, time=60.0 + 0.02 * turn))
    np.testing.assert_allclose(arm.setpoint, here, atol=1e-6)


def test_what_is_held_leans_on_nothing_further() -> None:
    arm = controller()
    arm.hold(state(arm.setpoint))
    settle(arm)
    sent = [arm.step(state(arm.setpoint + 0.02)).position for _ in range(50)]
    np.testing.assert_array_equal(sent[0], sent[-1])


def test_it_leaves_its_rest_and_returns_to_it() -> None:
    arm = controller(SLEEP)
    for position, is_checked in ((RAISED, False), (START, True), (RAISED, True), (SLEEP, False)):
        assert arm.move_to(np.array(position), velocity=0.6, is_checked=is_checked)
        np.testing.assert_allclose(settle(arm), position, atol=1e-6)


def test_a_way_through_the_table_is_refused_and_changes_nothing() -> None:
    arm = controller()
    assert not arm.move_to(np.array([0.0, 1.2, 0.6, 0.0, 0.5, 0.0]), velocity=0.6)
    assert arm.is_at_rest
    np.testing.assert_allclose(arm.setpoint, START)


def test_moved_and_difference_are_inverse() -> None:
    pose = RigidTransform.from_components([0.2, 0.1, 0.3], Rotation.from_euler("xyz", [0.1, 1.5, -0.4]))
    action = np.array([0.01, -0.02, 0.03, 0.1, -0.2, 0.3, 1.0], np.float32)
    np.testing.assert_allclose(difference(pose, moved(pose, action)), action[:6], atol=1e-6)


def test_in_joint_space_an_action_changes_the_joints() -> None:
    arm = controller(space="joints")
    change = np.array([0.05, -0.03, 0.02, 0.04, -0.05, 0.1, 0.0], np.float32)
    executed = arm.act(change, state(arm.setpoint))
    np.testing.assert_allclose(settle(arm), np.array(START) + change[:6], atol=1e-6)
    np.testing.assert_allclose(executed.action, change, atol=1e-6)


def test_a_posture_that_servos_could_not_hold_for_long_is_not_entered() -> None:
    arm = controller(workspace=WorkspaceConfig(low=(-1.0, -1.0, 0.02), high=(2.0, 1.0, 2.0)), space="joints")
    gravity, limits = Workspace(WorkspaceConfig()).gravity, SafetyLimits().holding
    stretched = np.array([0.0, 1.4, -1.2, 0.0, 0.0, 0.0])
    assert (np.abs(gravity(stretched)) > limits).any()
    for _ in range(60):
        arm.act(np.append(stretched - arm.setpoint, 1.0).astype(np.float32), state(arm.setpoint))
        settle(arm)
    assert arm.num_changed[Reason.STRAIN] > 0
    assert (np.abs(gravity(arm.setpoint)) <= limits).all()
    assert np.abs(arm.setpoint - START).max() > 0.5


def test_joints_that_come_nearer_than_was_foreseen_are_stopped() -> None:
    arm, workspace = controller(), Workspace(WorkspaceConfig())
    assert arm.move_to(np.array(START) + np.array([0.5, 0, 0, 0, 0, 0]), velocity=0.05)
    measured = np.array(START)
    while not workspace.nearness(measured, share=0.25):  # as if somebody pressed the arm down
        arm.step(state(measured))
        assert not arm.is_at_rest
        measured = measured + np.array([0, 0.002, 0, 0, 0, 0])
    arm.step(state(measured))
    assert settle(arm)[0] < START[0] + 0.1
