"""The suite's bodies say the truth about what they measure and do."""

import numpy as np
import pytest

from clam_robot.errors import ConfigError, RobotError, SimulationDiverged, UnknownRobot
from clam_robot.timing import ManualClock
from sim.dm_control_robot import DmControlConfig, DmControlRobot
from sim.dm_control_tasks import TASKS


def _started(task: str = "cheetah-run", seed: int = 0, **settings: object) -> DmControlRobot:
    robot = DmControlRobot(DmControlConfig(task=task, **settings), ManualClock())
    robot.connect()
    robot.reset(seed)
    return robot


def _episode(robot: DmControlRobot, seed: int) -> list[object]:
    robot.reset(seed)
    rng = np.random.default_rng(0)
    seen: list[object] = [robot.get_observation().state.tolist()]
    for _ in range(10):
        robot.send_action(rng.uniform(-1, 1, len(robot.spec.action)).astype(np.float32))
        seen += [robot.get_observation().state.tolist(), robot.task_status()]
    return seen


def test_names_are_those_of_the_suite() -> None:
    from dm_control import suite

    assert set(TASKS) == {f"{domain}-{task}" for domain, task in suite.ALL_TASKS}


def test_joints_are_named_with_their_units() -> None:
    spec = DmControlRobot(DmControlConfig(), ManualClock()).spec
    units = dict(zip(spec.state.names, spec.state.units, strict=True))
    assert units["position_rootz"] == "m"
    assert units["position_bthigh"] == "rad"
    assert units["velocity_rootx"] == "m/s"
    assert units["velocity_ffoot"] == "rad/s"
    assert spec.action.names == ("bthigh", "bshin", "bfoot", "fthigh", "fshin", "ffoot")
    assert spec.control_hz == pytest.approx(50.0)


def test_named_joints_are_those_of_the_physics() -> None:
    robot = _started("walker-walk", seed=2)
    robot.hold()
    assert robot._world is not None
    state, names = robot.get_observation().state, robot.spec.state.names
    for i, name in enumerate(names):
        if name.startswith("velocity_"):
            assert state[i] == np.float32(robot._world.data.joint(name.removeprefix("velocity_")).qvel[0])


def test_what_is_not_a_joint_vector_is_numbered() -> None:
    names = DmControlRobot(DmControlConfig(task="cartpole-balance"), ManualClock()).spec.state.names
    assert names == ("position_0", "position_1", "position_2", "velocity_slider", "velocity_hinge_1")


@pytest.mark.parametrize("task", ["cheetah-run", "reacher-easy", "lqr-lqr_2_1", "quadruped-walk"])
def test_same_seed_gives_the_same_episode_after_any_other(task: str) -> None:
    robot, fresh = _started(task), _started(task)
    first = _episode(robot, seed=1)
    assert _episode(robot, seed=2) != first
    assert _episode(robot, seed=1) == first
    assert _episode(fresh, seed=1) == first


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_every_task_repeats_itself_and_fits_its_spec(task: str) -> None:
    robot = _started(task)
    robot.get_observation().validate(robot.spec)
    first = _episode(robot, seed=1)
    assert _episode(robot, seed=2)[0] != first[0]
    assert _episode(robot, seed=1) == first


def test_return_is_the_suites_own_score_and_success_unknown_to_it() -> None:
    from dm_control import suite

    random = np.random.RandomState(0)
    env = suite.load("cheetah", "run", task_kwargs={"random": random})
    random.seed(5)
    env.reset()
    robot = _started(seed=5, action_repeat=2)
    action = np.array([1, -1, 1, -1, 1, -1], np.float32)
    rewards = [env.step(action).reward for _ in range(20)]
    for _ in range(10):
        robot.send_action(action)
    status = robot.task_status()
    assert status.episode_return == pytest.approx(sum(rewards))
    assert status.episode_return > 0
    assert not status.success


@pytest.mark.parametrize(("action_repeat", "horizon"), [(1, 1000), (4, 250)])
def test_horizon_is_the_suites_thousand_steps(action_repeat: int, horizon: int) -> None:
    robot = _started("pendulum-swingup", action_repeat=action_repeat)
    for _ in range(horizon):
        assert not robot.task_status().is_over
        robot.hold()
    with pytest.raises(RobotError, match=f"over after {horizon} steps"):
        robot.send_action(np.zeros(1, np.float32))


def test_diverging_physics_is_an_error_that_says_so() -> None:
    robot = _started("pendulum-swingup")
    assert robot._world is not None
    robot._world.data.qvel[:] = np.nan
    with pytest.raises(SimulationDiverged, match="mjWARN"):
        robot.hold()


def test_pictures_by_name() -> None:
    robot = _started(cameras=("side",), image_height=30, image_width=40)
    assert robot.get_observation().images["side"].shape == (30, 40, 3)
    assert robot.get_observation().images["side"].std() > 10
    assert robot.render("back", 16, 16).shape == (16, 16, 3)


def test_unknown_camera_is_refused_on_connecting() -> None:
    robot = DmControlRobot(DmControlConfig(cameras=("front",)), ManualClock())
    with pytest.raises(UnknownRobot, match=r"no camera 'front'; there are side, back"):
        robot.connect()


@pytest.mark.parametrize("settings", [{"horizon": 0}, {"action_repeat": 0}])
def test_counts_are_positive(settings: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="at least 1"):
        DmControlConfig(**settings)
