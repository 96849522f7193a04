"""A scripted expert by name solves its task through the contract of any policy."""

import pytest

from clam_robot.errors import ClamRobotError, UnknownRobot
from clam_robot.timing import ManualClock
from sim.registry import make_robot
from sim.rollouts import run_rollouts
from sim.scripted_policy import scripted_policy
from sim.widowx_tasks import TASKS


@pytest.mark.parametrize("task", TASKS)
def test_its_spec_is_the_robots(task: str) -> None:
    robot = make_robot(f"widowx-twin:{task}", ManualClock())
    scripted_policy(f"widowx-twin:{task}").spec.require(robot.spec, what="scripted policy")


def test_it_solves_reach_block() -> None:
    clock = ManualClock()
    robot = make_robot("widowx-twin:reach-block", clock)
    robot.connect()
    outcomes = run_rollouts(robot, scripted_policy("widowx-twin:reach-block"), clock, [3])
    assert outcomes[0].success


@pytest.mark.parametrize("name", ["widowx-twin", "widowx-twin:juggle", "metaworld:assembly", ""])
def test_others_are_refused(name: str) -> None:
    with pytest.raises(ClamRobotError) as refused:
        scripted_policy(name)
    assert isinstance(refused.value, UnknownRobot)
