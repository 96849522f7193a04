"""The self-test on the physics twin, right and with every mistake injected."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from scipy.spatial.transform import RigidTransform, Rotation

from calibration.board_pose import board_pose
from calibration.convention_drive import ConventionDrive
from calibration.convention_trial import ConventionTrial, GripperTrial
from calibration.conventions import judge_camera, judge_commands, judge_gripper
from clam_robot.errors import RobotError
from clam_robot.hardware.kinematics import tool_pose
from clam_robot.hardware.widowx import START
from clam_robot.hardware.wx250s import JOINT_NAMES
from clam_robot.interfaces import Robot
from clam_robot.specs import RobotSpec
from clam_robot.timing import ManualClock
from clam_robot.types import Observation
from sim.widowx_robot import WidowXTwin, WidowXTwinConfig
from tests.calibration.synthetic_hand_eye import look
from tests.calibration.synthetic_views import BOARD, LENS, view
from tests.type_checks import unchecked

pytestmark = pytest.mark.slow
Mount = Literal["wrist", "stand"]
Change = Callable[[np.ndarray], np.ndarray]
# Cameras that look at a board at the start of episodes.
CAMERAS: dict[Mount, RigidTransform] = {
    "wrist": look(np.array([-0.06, 0.02, 0.08]), np.array([0.05, 0.0, 0.0]), 0.3),
    "stand": look(np.array([0.75, 0.25, 0.45]), tool_pose(np.array(START)).translation, 0.2),
}


def same(values: np.ndarray) -> np.ndarray:
    return values


class Miswired:
    """A robot between which and whose user something is wrong.

    Args:
        robot: that is right.
        action: what becomes of an action.
    """

    def __init__(self, robot: Robot, action: Change = same) -> None:
        self._robot, self._action = robot, action
        self.num_held = 0

    @property
    def spec(self) -> RobotSpec:
        return self._robot.spec

    def connect(self) -> None:
        self._robot.connect()

    def disconnect(self) -> None:
        self._robot.disconnect()

    def reset(self, seed: int | None = None) -> None:
        self._robot.reset(seed)

    def get_observation(self) -> Observation:
        return self._robot.get_observation()

    def send_action(self, action: np.ndarray) -> np.ndarray:
        return self._robot.send_action(self._action(action).astype(np.float32))

    def hold(self) -> None:
        self.num_held += 1
        self._robot.hold()


def put(order: list[int] | None = None, signs: dict[int, float] | None = None) -> Change:
    """Entries in another order and with other signs."""

    def change(values: np.ndarray) -> np.ndarray:
        changed = values.copy()
        changed[:6] = values[order or range(6)]
        for i, sign in (signs or {}).items():
            changed[i] *= sign
        return changed

    return change


def drive(
    action: Change = same, axes: Sequence[int] = range(6)
) -> tuple[list[ConventionTrial], GripperTrial, Miswired]:
    """The test on the twin."""
    clock = ManualClock()
    robot = Miswired(WidowXTwin(WidowXTwinConfig(horizon=100000), clock), action)
    robot.connect()
    robot.reset(0)
    try:
        with unchecked():
            trials, gripper = ConventionDrive(robot, clock).run(axes)
    finally:
        robot.disconnect()
    return trials, gripper, robot


@pytest.fixture(scope="module")
def right() -> Iterator[tuple[list[ConventionTrial], GripperTrial]]:
    trials, gripper, robot = drive()
    assert robot.num_held == 1
    yield trials, gripper


def test_arm_that_is_right_passes(right: tuple[list[ConventionTrial], GripperTrial]) -> None:
    trials, gripper = right
    assert judge_commands(trials) is None
    assert judge_gripper(gripper) is None
    assert {each.axis for each in trials} == set(range(6))
    assert max(float(np.abs(each.asked[:3]).max()) for each in trials) == pytest.approx(0.02)


ROTATED = [1, 0, 2, 4, 3, 5]
WRONG: list[tuple[str, Change, str]] = [
    ("sign of z", put(signs={2: -1.0}), "the sign of z is wrong"),
    ("sign of pitch", put(signs={4: -1.0}), "the sign of pitch is wrong"),
    ("roll and yaw", put([0, 1, 2, 5, 4, 3]), "roll and yaw are swapped"),
    ("x and y", put([1, 0, 2, 3, 4, 5]), "x and y are swapped"),
    ("mirrored y", put(signs={1: -1.0, 3: -1.0, 5: -1.0}), "y is mirrored"),
    ("turned base", put(ROTATED, {0: -1.0, 3: -1.0}), "turned by 90 degrees about z"),
]


@pytest.mark.parametrize(("action", "said"), [each[1:] for each in WRONG], ids=[each[0] for each in WRONG])
def test_wrong_axis_or_sign_of_commands_is_named(
    right: tuple[list[ConventionTrial], GripperTrial], action: Change, said: str
) -> None:
    # The arm did what it was asked for: another wish had come to it as this one.
    back = np.linalg.inv(np.array([action(each) for each in np.eye(6)]).T)
    spoiled = [replace(each, asked=back @ each.asked) for each in right[0]]
    told = judge_commands(spoiled)
    assert told is not None
    assert said in told


def test_arm_that_is_driven_with_mistakes_is_found_out() -> None:
    def wrong(action: np.ndarray) -> np.ndarray:
        return np.append(put([0, 1, 2, 5, 4, 3])(action)[:6], 1.0 - action[6])

    trials, gripper, robot = drive(wrong, (3, 5))
    assert robot.num_held == 1
    told = judge_commands(trials)
    assert told is not None
    assert "roll and yaw are swapped" in told
    told = judge_gripper(gripper)
    assert told is not None
    assert "the gripper is inverted" in told


def test_joint_that_reports_the_wrong_sign_is_named(right: tuple[list[ConventionTrial], GripperTrial]) -> None:
    signs = np.array([1.0, 1.0, 1.0, 1.0, -1.0, 1.0])
    spoiled = [
        ConventionTrial(asked=each.asked, before=signs * each.before, after=signs * each.after) for each in right[0]
    ]
    told = judge_commands(spoiled)
    assert told is not None
    assert "joint wrist_angle reports the wrong sign" in told


def test_arm_that_runs_away_is_held() -> None:
    clock = ManualClock()
    robot = Miswired(
        WidowXTwin(WidowXTwinConfig(horizon=100000), clock),
        lambda action: np.append(8.0 * action[:6], action[6]),
    )
    robot.connect()
    robot.reset(0)
    with pytest.raises(RobotError, match="the test ends here"):
        ConventionDrive(robot, clock).run()
    assert robot.num_held == 1
    robot.disconnect()


@pytest.mark.parametrize("every", [21, 4])
def test_motion_with_a_late_action_is_tried_again_and_given_up_in_the_end(every: int) -> None:
    clock, count = ManualClock(), 0

    def stall(action: np.ndarray) -> np.ndarray:
        """Now and then the machine stalls, and the arm holds meanwhile: what it was asked for is lost."""
        nonlocal count
        count += 1
        if count % every:
            return action
        clock.advance(0.2)
        return np.append(np.zeros(6), action[6])

    robot = Miswired(WidowXTwin(WidowXTwinConfig(horizon=100000), clock), stall)
    robot.connect()
    robot.reset(0)
    with unchecked():
        if every == 4:
            with pytest.raises(RobotError, match="came late in each of 10 tries"):
                ConventionDrive(robot, clock).run([0])
        else:
            trials, _ = ConventionDrive(robot, clock).run([4])
            # A lost action is a turn of 0.0145 rad.
            assert max(abs(float((each.moved() - each.asked)[4])) for each in trials) < 0.012
            assert count > 2 * every
    robot.disconnect()
    assert robot.num_held == 1


def seen_by(trials: list[ConventionTrial], mount: Mount, camera: RigidTransform) -> list[ConventionTrial]:
    """The same with what a true camera sees of a board half way down its sight, with noise of 0.3 pixels."""
    rng = np.random.default_rng(0)
    first = tool_pose(trials[0].before)
    to_board = RigidTransform.from_components([-0.1, -0.07, 0.35], Rotation.from_euler("xy", [0.3, 0.2]))
    place = first * camera * to_board if mount == "wrist" else first.inv() * camera * to_board

    def pose(joints: np.ndarray) -> RigidTransform:
        hand = tool_pose(joints)
        truly = camera.inv() * (hand.inv() if mount == "wrist" else hand) * place
        return board_pose(BOARD, view(truly, rng), LENS).T_camera_board

    return [
        ConventionTrial(
            asked=each.asked,
            before=each.before,
            after=each.after,
            board_before=pose(each.before),
            board_after=pose(each.after),
        )
        for each in trials
    ]


def misread(pose: RigidTransform) -> RigidTransform:
    """x, y, z, w read as w, x, y, z."""
    x, y, z, w = pose.rotation.as_quat()
    return RigidTransform.from_components(pose.translation, Rotation.from_quat([y, z, w, x]))


def swapped(pose: RigidTransform) -> RigidTransform:
    return RigidTransform.from_components(
        pose.translation, Rotation.from_euler("xyz", pose.rotation.as_euler("xyz")[::-1])
    )


@pytest.mark.parametrize("mount", ["wrist", "stand"])
def test_camera_that_is_right_passes_and_one_misread_is_named(
    right: tuple[list[ConventionTrial], GripperTrial], mount: Mount
) -> None:
    camera = CAMERAS[mount]
    trials = seen_by(right[0], mount, camera)
    assert judge_camera(trials, camera, mount) is None
    other: Mount = "stand" if mount == "wrist" else "wrist"
    for told, said in (
        (judge_camera(trials, misread(camera), mount), "quaternion is in the order"),
        (judge_camera(trials, camera.inv(), mount), "pose is inverted"),
        (judge_camera(trials, swapped(camera), mount), "roll and yaw of the camera"),
        (judge_camera(trials, camera, other), f"the camera is on the {mount}"),
    ):
        assert told is not None
        assert said in told


@pytest.mark.parametrize("joint", ["shoulder", "elbow", "wrist_angle"])
def test_joint_that_turns_the_other_way_is_named_by_the_camera(
    right: tuple[list[ConventionTrial], GripperTrial], joint: str
) -> None:
    """Commands and reports are turned round alike, so that only the camera can tell."""
    signs = np.where(np.array(JOINT_NAMES) == joint, -1.0, 1.0)
    trials = [
        ConventionTrial(
            asked=each.asked,
            before=signs * each.before,
            after=signs * each.after,
            board_before=each.board_before,
            board_after=each.board_after,
        )
        for each in seen_by(right[0], "wrist", CAMERAS["wrist"])
    ]
    told = judge_camera(trials, CAMERAS["wrist"], "wrist")
    assert told is not None
    assert f"joint {joint} turns the other way" in told


def test_without_a_board_nothing_is_said_of_the_camera(right: tuple[list[ConventionTrial], GripperTrial]) -> None:
    assert judge_camera(right[0], CAMERAS["wrist"], "wrist") is None
