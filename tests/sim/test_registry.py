"""Robots go by suite and task."""

import pytest

from clam_robot.errors import UnknownRobot
from clam_robot.timing import ManualClock
from sim.dm_control_robot import DmControlRobot
from sim.metaworld_robot import MetaWorldRobot
from sim.registry import list_robots, make_robot


def test_every_listed_robot_can_be_made() -> None:
    names = list_robots()
    assert len(names) == len(set(names)) == 105
    for name in names:
        assert make_robot(name, ManualClock()).task == name.partition(":")[2]


def test_settings_reach_the_spec() -> None:
    robot = make_robot(
        "metaworld:reach-v3", ManualClock(), cameras=("corner",), image_size=(40, 60), gripper="continuous"
    )
    assert isinstance(robot, MetaWorldRobot)
    assert robot.spec.name == "metaworld:reach"
    assert robot.spec.cameras["corner"].shape == (40, 60, 3)
    assert robot.spec.gripper is not None
    assert robot.spec.gripper.mode == "continuous"


@pytest.mark.parametrize("name", ["metaworld:reach", "dmcontrol:pendulum-swingup"])
def test_horizon_can_be_set(name: str) -> None:
    robot = make_robot(name, ManualClock(), horizon=2)
    robot.connect()
    robot.reset(0)
    robot.hold()
    assert not robot.task_status().is_over
    robot.hold()
    assert robot.task_status().is_over


def test_dm_control_is_made_by_name() -> None:
    assert isinstance(make_robot("dmcontrol:cheetah-run", ManualClock()), DmControlRobot)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gazebo:arm", r"no simulator 'gazebo'; there are metaworld, dmcontrol"),
        ("assembly", r"no simulator 'assembly'"),
        ("dmcontrol", r"expected SUITE:TASK such as dmcontrol:\S+, found 'dmcontrol'"),
        ("metaworld:", r"expected SUITE:TASK such as metaworld:assembly, found 'metaworld:'"),
        ("dmcontrol:cheetah", r"no DeepMind Control task 'cheetah'; did you mean cheetah-run"),
    ],
)
def test_unknown_names_are_refused_with_those_there_are(name: str, message: str) -> None:
    with pytest.raises(UnknownRobot, match=message):
        make_robot(name, ManualClock())
