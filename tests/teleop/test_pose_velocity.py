"""From tracked poses to shares of full speed."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from teleop.device import AT_REST
from teleop.phone_message import Pose
from teleop.pose_velocity import PoseVelocity

IDENTITY = (0.0, 0.0, 0.0, 1.0)
FULL, FULL_TURN = 0.5, 2.0


def pose(
    time: float, position: object = (0.0, 0.0, 0.0), rotvec: object = (0.0, 0.0, 0.0), heading: float = 0.0
) -> Pose:
    x, y, z = (float(each) for each in np.asarray(position))
    a, b, c, w = (float(each) for each in Rotation.from_rotvec(np.asarray(rotvec)).as_quat())
    return Pose(time=time, position=(x, y, z), rotation=(a, b, c, w), heading=heading)


@pytest.mark.parametrize(
    ("moved", "axis", "sign"),
    [
        ((0, 0, -1), 0, 1.0),  # away from the person
        ((-1, 0, 0), 1, 1.0),  # to the left
        ((0, 1, 0), 2, 1.0),  # up
        ((1, 0, 0), 1, -1.0),
    ],
)
def test_moves_and_turns_along_the_axes_of_a_person(moved: tuple[int, int, int], axis: int, sign: float) -> None:
    linear, angular = PoseVelocity(FULL, FULL_TURN), PoseVelocity(FULL, FULL_TURN)
    step = np.array(moved)
    linear.twist(pose(0.0))
    angular.twist(pose(0.0))
    expected = np.zeros(6)
    expected[axis] = 0.5 * sign
    assert linear.twist(pose(0.1, 0.025 * step)) == pytest.approx(expected.tolist(), abs=1e-9)
    assert angular.twist(pose(0.1, rotvec=0.1 * step)) == pytest.approx(np.roll(expected, 3).tolist(), abs=1e-9)


@given(st.floats(-math.pi, math.pi), st.floats(-math.pi, math.pi))
def test_forwards_is_where_the_person_looked(heading: float, turn: float) -> None:
    """A person who looks elsewhere and moves likewise says the same."""
    found = []
    for looks in (0.0, heading):
        velocity = PoseVelocity(FULL, FULL_TURN)
        away = Rotation.from_rotvec([0, looks, 0]).apply([0.02 * math.sin(turn), 0.01, -0.02 * math.cos(turn)])
        spin = Rotation.from_rotvec([0, looks, 0]).apply([0.05, 0.02, 0.03])
        velocity.twist(pose(0.0, heading=looks))
        found.append(velocity.twist(pose(0.1, away, spin, looks)))
    assert found[0] == pytest.approx(found[1], abs=1e-9)


def test_only_what_happened_lately_counts() -> None:
    velocity = PoseVelocity(FULL, FULL_TURN)
    for index in range(30):
        velocity.twist(pose(index / 60, (0, 0, -index / 60 * FULL)))
    for index in range(30, 60):
        found = velocity.twist(pose(index / 60, (0, 0, -29 / 60 * FULL)))
    assert found == AT_REST


def test_a_jump_of_the_tracking_is_no_motion() -> None:
    velocity = PoseVelocity(FULL, FULL_TURN)
    velocity.twist(pose(0.0))
    velocity.twist(pose(0.02, (0, 0, -0.001)))
    assert velocity.twist(pose(0.04, (0, 0, -0.5))) == AT_REST
    assert velocity.twist(pose(0.06, (0, 0, -0.505)))[0] == pytest.approx(0.5)
    assert velocity.twist(pose(0.08, (0, 0, -0.505), rotvec=(0, 3.0, 0))) == AT_REST


def test_a_pose_that_is_said_again_and_again_is_a_tracking_that_is_stuck() -> None:
    velocity = PoseVelocity(FULL, FULL_TURN)
    velocity.twist(pose(0.0))
    found = [velocity.twist(pose(0.05, (0, 0, -0.02))) for _ in range(6)]
    assert found[0] != AT_REST and found[-1] == AT_REST


def test_after_the_clutch_was_open_it_begins_from_there() -> None:
    velocity = PoseVelocity(FULL, FULL_TURN)
    velocity.twist(pose(0.0))
    velocity.reset()
    assert velocity.twist(pose(0.1, (0, 0, -0.05))) == AT_REST


_FINITE = st.floats(-1000, 1000)
_POSES = st.builds(
    lambda time, position, rotvec, heading: pose(time, position, rotvec, heading),
    st.floats(-1e9, 1e9),
    st.tuples(_FINITE, _FINITE, _FINITE),
    st.tuples(*[st.floats(-4, 4)] * 3),
    st.floats(-10, 10),
)


@example([pose(0.0), pose(1e-237, (0, 0, 1), (1, 0, 0))])  # faster than a float can say the square of
@given(st.lists(_POSES, max_size=8))
def test_whatever_the_poses_the_shares_are_shares(poses: list[Pose]) -> None:
    velocity = PoseVelocity(FULL, FULL_TURN)
    for each in poses:
        assert all(-1.0 <= share <= 1.0 for share in velocity.twist(each))
