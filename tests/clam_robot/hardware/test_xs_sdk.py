"""A gripper that presses and a joint that turns do not go on for ever when nobody is left to command them."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from clam_robot.hardware.servo_setup import Profile
from clam_robot.hardware.unheld_goals import SilenceConfig
from clam_robot.hardware.xs_sdk import XsSdk
from clam_robot.timing import MonotonicClock
from tests.clam_robot.hardware.conftest import Bus, on_bus
from tests.programs import wait_for

pytestmark = pytest.mark.xdist_group("dynamixel_driver")
CLOSING, HELD = -350.0, -177


@contextmanager
def sdk(twin: Bus, *, ease_after: float) -> Iterator[XsSdk]:
    made = XsSdk(on_bus(twin.port), MonotonicClock(), silence=SilenceConfig(ease_after=ease_after))
    made.start()
    try:
        yield made
    finally:
        made.stop()


def register(node: XsSdk, motor: str, name: str) -> int:
    return node.get_registers("single", motor, name)[0]


def test_a_gripper_whose_client_is_gone_is_eased(twin: Bus) -> None:
    with sdk(twin, ease_after=0.2) as node:
        node.command("single", "gripper", [CLOSING])
        wait_for(lambda: register(node, "gripper", "Goal_PWM") == HELD, "a gripper that only holds")


def test_a_gripper_is_eased_before_the_bus_falls_silent(twin: Bus) -> None:
    with sdk(twin, ease_after=600.0) as node:
        node.command("single", "gripper", [CLOSING])
        wait_for(lambda: register(node, "gripper", "Goal_PWM") == round(CLOSING), "a gripper that closes")
    with sdk(twin, ease_after=600.0) as node:
        assert register(node, "gripper", "Goal_PWM") == HELD


def test_a_joint_that_turns_is_stopped(twin: Bus) -> None:
    with sdk(twin, ease_after=0.2) as node:
        profile = Profile(velocity=0, acceleration=0)
        node.set_modes("single", "wrist_rotate", "velocity", "time", profile)
        try:
            node.command("single", "wrist_rotate", [0.3])
            wait_for(lambda: register(node, "wrist_rotate", "Goal_Velocity") == 0, "a joint that stopped")
        finally:
            node.set_modes("single", "wrist_rotate", "position", "time", profile)
