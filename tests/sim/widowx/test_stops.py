"""Stopped at full speed, the arm comes to rest soon, and no further than it was foreseen to go."""

import numpy as np
import pytest

from clam_robot.hardware.foresight import Way
from clam_robot.hardware.joint_driver import JointState
from clam_robot.hardware.widowx import WidowXConfig
from clam_robot.hardware.widowx_spec import ActionConfig
from clam_robot.hardware.wx250s import JOINT_NAMES
from sim.widowx.tasks import make_task
from sim.widowx.widowx_world import WidowXWorld

SLACK = 0.01  # one stop of a hundred may be that much longer [rad]


def now(world: WidowXWorld) -> JointState:
    """The joints as they truly are."""
    joints = [world.data.joint(name) for name in JOINT_NAMES]
    return JointState(
        time=world.data.time,
        position=np.array([joint.qpos[0] for joint in joints]),
        velocity=np.array([joint.qvel[0] for joint in joints]),
        effort=np.zeros(6),
        finger=0.03,
        gripper_effort=0.0,
    )


@pytest.mark.slow
def test_a_stop_goes_no_further_than_was_foreseen() -> None:
    random = np.random.default_rng(5)
    world = WidowXWorld(make_task("reach-block"), WidowXConfig(action=ActionConfig(space="joints")))
    world.reset(0)
    num_fast = 0
    for _ in range(12):
        action = np.append(np.sign(random.normal(size=6)) * 0.1, 1.0).astype(np.float32)
        for _ in range(3):
            world.step(action)
        begun = now(world)
        num_fast += int((np.abs(begun.velocity) > 0.5).sum())
        stops = Way(position=begun.position[None], velocity=begun.velocity[None]).stops()
        furthest = np.abs(stops - begun.position).max(axis=0) + SLACK
        for _ in range(2):  # 200 ms
            world.hold()
            assert (np.abs(now(world).position - begun.position) < furthest).all()
        assert np.abs(now(world).velocity).max() < 0.05
    assert num_fast > 20
