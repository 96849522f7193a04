"""Play interacts with objects, on any robot that says where hand, object and goal are."""

import numpy as np
import pytest

from clam_robot.errors import SpecMismatch
from clam_robot.specs import GripperSpec, RobotSpec, VectorSpec
from clam_robot.testing.fakes import fake_spec
from clam_robot.timing import ManualClock
from clam_robot.types import Observation
from sim.play import PlayPolicy
from sim.registry import make_robot


def _desk_arm(step: float = 0.02) -> RobotSpec:
    """An arm with another layout, action range [m] and gripper sense than MetaWorld's."""
    names = tuple(f"{point}_{axis}" for point in ("goal", "object", "hand") for axis in "xyz")
    return RobotSpec(
        name="desk",
        state=VectorSpec(names=names, units=("m",) * 9, low=(-2.0,) * 9, high=(2.0,) * 9),
        action=VectorSpec(
            names=("grip", "dx", "dy", "dz", "dyaw"),
            units=("1", "m", "m", "m", "rad"),
            low=(0.0, -step, -step, -step, -1.0),
            high=(1.0, step, step, step, 1.0),
        ),
        control_hz=10.0,
        gripper=GripperSpec(action="grip", mode="binary", closes="below", threshold=0.5),
    )


def _play_at_desk(seed: int, num_steps: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """States and actions where the hand goes exactly where it is told."""
    policy = PlayPolicy(_desk_arm(), seed)
    state = np.array([0.2, 0.2, 0.1, 0.0, 0.3, 0.02, 0.1, 0.0, 0.2], np.float32)
    states, actions = [], []
    for _ in range(num_steps):
        action = policy.infer(Observation(time=0.0, state=state.copy())).actions[0]
        states.append(state.copy())
        actions.append(action)
        state[6:9] += action[1:4]
    return np.stack(states), np.stack(actions)


def _episode(
    task: str, seed: int, *, policy_seed: int = 0, horizon: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """States (T, S) and actions (T, A) of one episode of play."""
    robot = make_robot(f"metaworld:{task}", ManualClock(), horizon=horizon)
    robot.connect()
    robot.reset(seed)
    policy = PlayPolicy(robot.spec, policy_seed)
    states, actions = [], []
    while not robot.task_status().is_over:
        states.append(robot.get_observation().state)
        actions.append(robot.send_action(policy.infer(robot.get_observation()).actions[0]))
    return np.stack(states), np.stack(actions)


@pytest.mark.parametrize("task", ["assembly", "bin-picking"])
def test_play_lifts_the_object_in_a_good_part_of_its_steps(task: str) -> None:
    heights = np.concatenate([states[:, 6] - states[0, 6] for states, _ in (_episode(task, seed) for seed in range(4))])
    assert (heights > 0.015).mean() > 0.07


def test_play_moves_gripper_both_ways_and_commands_only_its_sides() -> None:
    _, actions = _episode("assembly", 0)
    assert set(actions[:, 3]) == {-1.0, 1.0}


def test_play_depends_on_scene_and_seed_and_on_nothing_else() -> None:
    _, actions = _episode("reach", 0, horizon=20)
    np.testing.assert_array_equal(_episode("reach", 0, horizon=20)[1], actions)
    assert not np.array_equal(_episode("reach", 1, horizon=20)[1], actions)
    assert not np.array_equal(_episode("reach", 0, policy_seed=1, horizon=20)[1], actions)


def test_play_of_each_scene_is_drawn_anew() -> None:
    spec = make_robot("metaworld:assembly", ManualClock()).spec
    scenes = np.zeros((2, 39), np.float32)
    scenes[1, spec.state.index("object2_x")] = 0.1
    actions = []
    for first in scenes:
        policy = PlayPolicy(spec)
        actions.append([policy.infer(Observation(time=0.0, state=state)).actions for state in (first, *scenes[:1])][1])
    assert not np.array_equal(*actions)


def test_play_reads_only_the_three_points() -> None:
    spec = make_robot("metaworld:assembly", ManualClock()).spec
    state = np.zeros(39, np.float32)
    one, other = PlayPolicy(spec), PlayPolicy(spec)
    for policy in (one, other):
        policy.infer(Observation(time=0.0, state=state))
    blurred = state + np.float32(0.3)
    for name in ("hand", "object", "goal"):
        blurred[spec.state.points[name]] = 0.0
    for _ in range(50):
        np.testing.assert_array_equal(
            one.infer(Observation(time=0.0, state=state)).actions,
            other.infer(Observation(time=0.0, state=blurred)).actions,
        )


def test_play_works_on_another_robot_within_its_bounds() -> None:
    states, actions = _play_at_desk(seed=0)
    spec = _desk_arm()
    for action in actions:
        spec.action.validate(action)
    assert set(actions[:, 0]) == {0.0, 1.0}
    assert (actions[:, 4] == 0.0).all()
    to_object = np.linalg.norm(states[:, 6:9] - states[:, 3:6], axis=1)
    assert to_object.min() < 0.04
    assert to_object.max() > 0.1


def test_fingers_close_on_the_object_in_the_robots_own_sense() -> None:
    states, actions = _play_at_desk(seed=1)
    is_near = np.linalg.norm(states[:, 6:9] - states[:, 3:6], axis=1) < 0.04
    is_descending = actions[:, 3] < -0.01
    assert (actions[is_near & ~is_descending, 0] == 0.0).mean() > 0.5


def test_gripper_is_reversed_now_and_then_for_a_moment() -> None:
    _, actions = _play_at_desk(seed=3, num_steps=2000)
    changes = np.flatnonzero(np.diff(actions[:, 0]))
    lengths = np.diff(changes)
    is_short = lengths <= 2  # shorter than any stay
    assert 5 < is_short.sum() < 60


def test_legs_differ_in_speed_and_noise() -> None:
    _, actions = _play_at_desk(seed=2)
    speeds = np.linalg.norm(actions[:, 1:4], axis=1)
    assert speeds.std() > 0.2 * speeds.mean()


@pytest.mark.parametrize("lacking", ["object", "goal", "gripper", "dz"])
def test_robot_that_lacks_something_is_refused_by_name(lacking: str) -> None:
    data = _desk_arm().to_dict()
    if lacking == "gripper":
        data["gripper"] = None
    elif lacking == "dz":
        data["action"]["names"][3] = "up"
    else:
        data["state"]["names"] = [name.replace(lacking, "thing") for name in data["state"]["names"]]
    with pytest.raises(SpecMismatch, match=f"play with desk needs {lacking}"):
        PlayPolicy(RobotSpec.from_dict(data, source="test"))


def test_robot_without_anything_to_play_with_is_told_all_it_lacks() -> None:
    with pytest.raises(SpecMismatch, match="object, dx, dy, dz, gripper"):
        PlayPolicy(fake_spec())
