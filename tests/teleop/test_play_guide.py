"""The guide on scripted play of the twin: good play scores as good, and what is missing is asked for."""

import subprocess
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from jaxtyping import Float32

from clam_robot.episodes import EpisodeDataset
from clam_robot.errors import ConfigError
from clam_robot.specs import RobotSpec
from clam_robot.timing import ManualClock
from sim.registry import make_robot
from teleop.play_events import PlaySenses
from teleop.play_guide import PlayGuide, PlayTargets
from teleop.play_prompts import ENOUGH
from teleop.play_workspace import PlayBox
from tests.programs import clam

Row = tuple[Float32[np.ndarray, "S"], Float32[np.ndarray, "A"]]


@pytest.fixture(scope="module")
def robot_spec() -> RobotSpec:
    return make_robot("widowx-twin:reach-block", ManualClock()).spec


@pytest.fixture(scope="module")
def play(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Sequence[Row]]:
    """Scripted play of the twin: grasps, carries, releases, pushes; it never turns the hand."""
    folder = tmp_path_factory.mktemp("play")
    words = ("--robot", "widowx-twin:reach-block", "--source", "play", "--keep-all", "--episodes", "5")
    # In a process of its own, where the emulated servos are not checked type by type.
    subprocess.run(clam("record", *words, "--out", str(folder)), check=True, capture_output=True, timeout=600.0)
    return [
        [(state, action) for state, action in zip(each.state, each.action, strict=True) if np.isfinite(action).all()]
        for each in EpisodeDataset(folder)
    ]


def guided(spec: RobotSpec, episodes: Sequence[Sequence[Row]], targets: PlayTargets) -> tuple[PlayGuide, Counter[str]]:
    """The guide after these episodes, and how often it asked for what."""
    guide, prompts = PlayGuide(spec, targets, box=PlayBox()), Counter[str]()
    for rows in episodes:
        for state, action in rows:
            guide.add(state, action)
            prompts[guide.prompt] += 1
        guide.keep()
    return guide, prompts


# As much as so few scripted episodes show; a session asks for three times as much by default.
FEW = PlayTargets(grasps=5, carries=5, releases=1, regrasps=2, pushes=1, workspace=0.6)


def test_good_play_scores_as_good_in_everything_that_it_does(
    robot_spec: RobotSpec, play: Sequence[Sequence[Row]]
) -> None:
    guide, prompts = guided(robot_spec, play, FEW)
    reached = {each.name: each.value >= each.target for each in guide.coverage()}
    assert reached.pop("turning") is False  # scripted play never turns
    assert all(reached.values()), guide.coverage()
    assert any("turn" in prompt for prompt in prompts)
    assert all((each.missing == "") == (each.value >= each.target) for each in guide.coverage())

    _, prompts = guided(robot_spec, [*play, *play], PlayTargets(**{**vars(FEW), "turning": 0.0}))
    assert ENOUGH in prompts


def test_play_that_never_grasps_is_told_to_grasp(robot_spec: RobotSpec, play: Sequence[Sequence[Row]]) -> None:
    open_handed = [[(_opened(robot_spec, state), _opening(action)) for state, action in rows] for rows in play]
    guide, prompts = guided(robot_spec, open_handed, PlayTargets())
    coverage = {each.name: each for each in guide.coverage()}
    for name in ("holding something", "grasps", "carries", "releases", "gripper transitions", "re-grasps"):
        assert coverage[name].value == 0.0
        assert coverage[name].missing
    assert coverage["workspace"].value > 60.0
    told = sum(count for prompt, count in prompts.items() if "grasp" in prompt or "close" in prompt)
    assert told > 0.7 * sum(prompts.values())
    assert prompts.most_common(1)[0][0].startswith("grasp something")


def test_play_that_holds_and_never_lets_go_is_told_to_let_go(
    robot_spec: RobotSpec, play: Sequence[Sequence[Row]]
) -> None:
    state, action = _held(robot_spec, play)
    guide = PlayGuide(robot_spec, PlayTargets(), box=PlayBox())
    prompts: Counter[str] = Counter()
    for _ in range(300):
        guide.add(state, action)
        prompts[guide.prompt] += 1
    assert any(prompt.startswith("carry it") for prompt in prompts)
    assert any(prompt.startswith("let go of it") for prompt in prompts)


def test_what_was_kept_counts_after_a_resume_and_what_was_thrown_away_does_not(
    robot_spec: RobotSpec, play: Sequence[Sequence[Row]]
) -> None:
    once, _ = guided(robot_spec, play[:2], PlayTargets())
    resumed = PlayGuide(robot_spec, PlayTargets(), box=PlayBox())
    for rows in play[:2]:
        states, actions = (np.stack(each) for each in zip(*rows, strict=True))
        closing = np.full((1, actions.shape[1]), np.nan, np.float32)
        resumed.add_episode(np.concatenate([states, states[-1:]]), np.concatenate([actions, closing]))
    assert resumed.coverage() == once.coverage()
    for state, action in play[2]:
        resumed.add(state, action)
    assert resumed.coverage() != once.coverage()
    resumed.forget()
    assert resumed.coverage() == once.coverage()


def test_pushes_are_seen_without_knowing_where_things_are(robot_spec: RobotSpec) -> None:
    names = [name for name in robot_spec.state.names if not name.startswith(("object", "goal"))]
    keep = [robot_spec.state.index(name) for name in names]
    vector = robot_spec.state
    blind = RobotSpec(
        name=robot_spec.name,
        state=type(vector)(
            names=tuple(names),
            units=tuple(vector.units[i] for i in keep),
            low=tuple(vector.low[i] for i in keep),
            high=tuple(vector.high[i] for i in keep),
        ),
        action=robot_spec.action,
        control_hz=robot_spec.control_hz,
        gripper=robot_spec.gripper,
    )
    guide = PlayGuide(blind, PlayTargets(), box=PlayBox())
    state, action = np.zeros(len(names), np.float32), np.zeros(7, np.float32)
    hand = blind.state.points["hand"]
    for step in range(20):  # closed, empty and low it goes sideways
        state[hand] = (0.25, -0.1 + 0.01 * step, 0.03)
        guide.add(state, action)
    assert guide.counts.num_pushes == 1
    assert guide.counts.num_held == 0


def test_places_are_told_as_the_person_sees_them() -> None:
    box = PlayBox()
    seen = frozenset(
        (x, y, z) for x in range(2) for y in range(4) for z in range(2) if not (x == 1 and y >= 2 and z == 1)
    )
    assert box.num_cells == 16
    assert box.emptiest(seen, 0.0) == "far, left, high"
    assert box.emptiest(seen, np.pi) == "near, right, high"  # facing the robot
    everything = seen | {(1, 2, 1), (1, 3, 1)}
    assert box.emptiest(everything, 0.0) == ""
    assert box.cell_of(np.array([0.16, -0.19, 0.03])) == (0, 0, 0)
    assert box.cell_of(np.array([0.0, 0.0, 0.0])) is None


def test_targets_that_are_none_are_refused() -> None:
    with pytest.raises(ConfigError, match="held: expected a share"):
        PlayTargets(held=15.0)
    with pytest.raises(ConfigError, match="both or neither"):
        PlayTargets(low=(0.0, 0.0, 0.0))
    assert PlaySenses().empty_opening > 0


def _opening(action: np.ndarray) -> np.ndarray:
    return np.append(action[:-1], np.float32(1.0))


def _opened(spec: RobotSpec, state: np.ndarray) -> np.ndarray:
    state = state.copy()
    state[spec.state.index("gripper_opening")] = 1.0
    state[spec.state.points["object"]] = (0.25, 0.0, 0.02)  # nobody moves it
    return state


def _held(spec: RobotSpec, play: Sequence[Sequence[Row]]) -> Row:
    """A moment with something in the gripper."""
    where = spec.state.points["object"]
    return next(row for rows in play for row in rows if row[0][where][2] > 0.08 and row[1][-1] < 0.5)
