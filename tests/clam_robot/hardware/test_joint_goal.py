"""What may be asked of the joints."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from clam_robot.errors import DriverError, InvalidVector
from clam_robot.hardware.joint_goal import require_effort, require_joint_goal, require_profile
from clam_robot.hardware.wx250s import JOINT_NAMES, joint_limits

LOW, HIGH = joint_limits()


@given(npst.arrays(np.float64, 6, elements=st.floats(allow_nan=True, allow_infinity=True)))
def test_what_passes_is_finite_and_within_limits(asked: np.ndarray) -> None:
    try:
        goal = require_joint_goal(asked)
    except InvalidVector as refusal:
        assert refusal.index is not None
        assert JOINT_NAMES[refusal.index] in str(refusal)
        assert not LOW[refusal.index] <= asked[refusal.index] <= HIGH[refusal.index]
    else:
        assert ((goal >= LOW) & (goal <= HIGH)).all()
        np.testing.assert_allclose(goal, asked, atol=1e-3)


@given(npst.arrays(np.float64, 6, elements=st.floats(0.0, 1.0)))
def test_everything_within_limits_passes_unchanged(share: np.ndarray) -> None:
    asked = np.clip(LOW + share * (HIGH - LOW), LOW, HIGH)
    np.testing.assert_array_equal(require_joint_goal(asked), asked)


def test_limits_rounded_to_float32_are_still_within() -> None:
    for limit in (LOW, HIGH):
        goal = require_joint_goal(limit.astype(np.float32).astype(np.float64))
        np.testing.assert_allclose(goal, limit, atol=1e-6)
        assert ((goal >= LOW) & (goal <= HIGH)).all()


def test_the_first_joint_beyond_a_limit_is_named_with_limits_and_value() -> None:
    asked = np.zeros(6)
    asked[2] = 1.7
    with pytest.raises(InvalidVector, match=r"elbow moves from -2.14675 to 1.60570 rad, asked for 1.70000: nothing"):
        require_joint_goal(asked)


@pytest.mark.parametrize("shape", [(5,), (7,), (1, 6), ()])
def test_a_wrong_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvalidVector, match=r"has shape \(6,\), found"):
        require_joint_goal(np.zeros(shape))


def test_the_goal_is_a_copy() -> None:
    asked = np.zeros(6)
    require_joint_goal(asked)[0] = 1.0
    assert asked[0] == 0.0


def test_an_effort_is_clipped_and_must_be_finite() -> None:
    assert [require_effort(effort) for effort in (-3.0, -0.5, 2.0)] == [-1.0, -0.5, 1.0]
    for effort in (np.nan, np.inf, -np.inf):
        with pytest.raises(InvalidVector):
            require_effort(effort)


@pytest.mark.parametrize(("velocity", "acceleration"), [(0, 0), (-1, 0), (100, 51), (100, -1)])
def test_a_profile_must_leave_time(velocity: int, acceleration: int) -> None:
    with pytest.raises(DriverError, match=str(velocity)):
        require_profile(velocity, acceleration)


def test_half_the_time_to_speed_up_is_allowed() -> None:
    require_profile(100, 50)
