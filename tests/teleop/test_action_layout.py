"""Velocities become actions of the robot at hand, by the names of its actions."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clam_robot.errors import ConfigError
from clam_robot.hardware.widowx_spec import ActionConfig, widowx_spec
from clam_robot.specs import RobotSpec
from clam_robot.testing.fakes import fake_spec
from clam_robot.timing import ManualClock
from sim.metaworld_robot import MetaWorldConfig, MetaWorldRobot
from teleop.action_layout import ActionLayout, resting_action, within

WIDOWX = widowx_spec(ActionConfig(), name="widowx")
METAWORLD = MetaWorldRobot(MetaWorldConfig(), ManualClock()).spec
VELOCITIES = st.lists(st.floats(-5.0, 5.0), min_size=6, max_size=6).map(np.array)


@given(VELOCITIES, st.floats(0, 1), st.sampled_from([WIDOWX, METAWORLD]))
def test_actions_are_within_bounds_and_keep_their_direction(
    velocity: np.ndarray, opening: float, spec: RobotSpec
) -> None:
    action = ActionLayout.of(spec).action(velocity, opening)
    spec.action.validate(action)
    for part in (slice(0, 3), slice(3, 6))[: 1 + (spec is WIDOWX)]:
        along = np.linalg.norm(velocity[part])
        if along > 1e-3:
            cosine = float(action[part] @ velocity[part]) / along / max(float(np.linalg.norm(action[part])), 1e-12)
            assert cosine == pytest.approx(1.0, abs=1e-4)


def test_a_velocity_is_a_step_of_one_control_period() -> None:
    action = ActionLayout.of(WIDOWX).action(np.array([0.1, -0.05, 0.0, 0.0, 0.2, -0.3]), 1.0)
    np.testing.assert_allclose(action, [0.01, -0.005, 0.0, 0.0, 0.02, -0.03, 1.0], atol=1e-7)


def test_metaworlds_units_are_the_same_speed_at_any_repeat() -> None:
    for repeat in (1, 2, 4):
        spec = MetaWorldRobot(MetaWorldConfig(action_repeat=repeat), ManualClock()).spec
        action = ActionLayout.of(spec).action(np.array([0.4, 0.0, 0.0, 0.0, 0.0, 0.0]), 1.0)
        np.testing.assert_allclose(action, [0.5, 0.0, 0.0, -1.0], atol=1e-6)


@pytest.mark.parametrize(("spec", "closed", "opened"), [(WIDOWX, 0.0, 1.0), (METAWORLD, 1.0, -1.0)])
def test_the_gripper_closes_on_the_side_the_spec_says(spec: RobotSpec, closed: float, opened: float) -> None:
    assert resting_action(spec, 0.0)[-1] == closed
    assert resting_action(spec, 1.0)[-1] == opened
    assert not resting_action(spec, 1.0)[:-1].any()


def test_other_robots_are_refused_with_what_they_have() -> None:
    for spec in (fake_spec(), widowx_spec(ActionConfig(space="joints"), name="widowx")):
        with pytest.raises(ConfigError, match=spec.action.names[0]):
            ActionLayout.of(spec)


def test_units_decide_too() -> None:
    vector = dataclasses.replace(WIDOWX.action, units=("mm",) * 3 + WIDOWX.action.units[3:])
    with pytest.raises(ConfigError):
        ActionLayout.of(dataclasses.replace(WIDOWX, action=vector))


@given(st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=3).map(np.array))
def test_a_step_that_fits_is_left_alone(step: np.ndarray) -> None:
    room = np.array([1.0, 2.0, 3.0])
    shortened = within(step, -room, room)
    assert (np.abs(shortened) <= room * (1 + 1e-12)).all()
    if (np.abs(step) <= room).all():
        np.testing.assert_array_equal(shortened, step)
