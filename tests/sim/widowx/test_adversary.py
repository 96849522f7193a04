"""No action breaks the arm: a short attack of every kind, with every physics step looked at."""

import pytest

from clam_robot.hardware.widowx import WidowXConfig
from clam_robot.hardware.widowx_spec import ActionConfig
from clam_robot.hardware.wx250s import VELOCITY_LIMIT
from sim.widowx.adversary import attack, stutter
from sim.widowx_robot import WidowXTwinConfig


@pytest.mark.slow
@pytest.mark.parametrize("space", ["pose", "joints"])
def test_no_action_breaks_the_arm(space: str) -> None:
    setup = WidowXTwinConfig(arm=WidowXConfig(action=ActionConfig(space=space)))
    damage = attack(60, setup=setup, seed=11)
    assert damage.num_actions >= 60
    assert damage.num_steps > 3_000
    assert damage.beyond_limit == 0.0
    assert damage.speed < VELOCITY_LIMIT
    assert damage.collisions == []
    assert damage.num_torque_off == 0


@pytest.mark.slow
@pytest.mark.parametrize("space", ["pose", "joints"])
def test_the_arm_is_at_rest_soon_after_the_last_fresh_action(space: str) -> None:
    setup = WidowXTwinConfig(arm=WidowXConfig(action=ActionConfig(space=space)))
    damage = attack(40, setup=setup, seed=1, attacks=(stutter,))
    assert len(damage.rest) > 3 and max(damage.rest) > 0.03
    assert damage.num_restless == 0
