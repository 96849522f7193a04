"""What goes on until somebody ends it is eased when whoever commanded it falls silent, and nothing else is touched."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clam_robot.errors import ConfigError
from clam_robot.hardware import control_table as table
from clam_robot.hardware.unheld_goals import SilenceConfig, UnheldGoals
from clam_robot.hardware.wx250s import GRIPPER, GRIPPER_ID
from clam_robot.hardware.xs_groups import MODES, MOTORS
from clam_robot.timing import ManualClock

HELD = 177  # 20 % of full PWM
pwms = st.integers(-table.PWM_MAX, table.PWM_MAX)


def unheld(ease_after: float | None = 2.0) -> tuple[ManualClock, UnheldGoals]:
    clock = ManualClock()
    return clock, UnheldGoals(clock, SilenceConfig(ease_after=ease_after))


@given(pwms)
def test_after_a_silence_a_gripper_presses_no_harder_than_to_hold(pwm: int) -> None:
    clock, goals = unheld()
    goals.note(GRIPPER, "pwm", pwm)
    clock.sleep_until(clock.now() + 2.0)
    assert goals.ease() == {}
    clock.sleep_until(clock.now() + 0.1)
    expected = max(-HELD, min(HELD, pwm))
    assert goals.ease() == ({} if expected == pwm else {table.GOAL_PWM: {GRIPPER_ID: expected}})
    assert goals.ease() == {}  # once


@given(st.lists(st.tuples(st.floats(0.0, 1.99), pwms), min_size=1, max_size=20))
def test_one_that_is_commanded_all_the_time_is_let_alone(commands: list[tuple[float, int]]) -> None:
    clock, goals = unheld()
    for pause, pwm in commands:
        goals.note(GRIPPER, "pwm", pwm)
        clock.sleep_until(clock.now() + pause)
        assert goals.ease() == {}


@given(st.sampled_from(sorted(MOTORS)), st.integers(1, 300), st.booleans())
def test_what_turns_at_a_given_speed_is_stopped(joint: str, speed: int, is_at_once: bool) -> None:
    clock, goals = unheld()
    goals.note(joint, "velocity", speed)
    clock.sleep_until(clock.now() + (0.0 if is_at_once else 2.1))
    assert goals.ease(at_once=is_at_once) == {table.GOAL_VELOCITY: {MOTORS[joint]: 0}}


@pytest.mark.parametrize("mode", sorted(set(MODES) - {"velocity"}))
@pytest.mark.parametrize("joint", sorted(set(MOTORS) - {GRIPPER}))
def test_a_joint_of_the_arm_is_never_made_to_fall(joint: str, mode: str) -> None:
    clock, goals = unheld()
    goals.note(joint, mode, 500)
    clock.sleep_until(clock.now() + 10.0)
    assert goals.ease() == {} and goals.ease(at_once=True) == {}


@pytest.mark.parametrize("is_noted", [True, False])
def test_another_mode_or_torque_that_went_ends_it(is_noted: bool) -> None:
    clock, goals = unheld()
    goals.note(GRIPPER, "pwm", -350)
    goals.note(GRIPPER, "position", 2000) if is_noted else goals.forget(GRIPPER)
    clock.sleep_until(clock.now() + 10.0)
    assert goals.ease() == {}


def test_it_can_be_left_as_the_vendor_has_it() -> None:
    clock, goals = unheld(ease_after=None)
    goals.note(GRIPPER, "pwm", -350)
    clock.sleep_until(clock.now() + 1000.0)
    assert goals.ease() == {} and goals.ease(at_once=True) == {}


@pytest.mark.parametrize("wrong", [{"ease_after": 0.0}, {"ease_after": math.inf}, {"held_effort": 1.1}])
def test_what_makes_no_sense_is_named(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        SilenceConfig(**wrong)
