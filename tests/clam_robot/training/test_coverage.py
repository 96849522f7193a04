"""Coverage tells play that knows what demonstrations do from play that does not."""

import numpy as np
import pytest
import torch

from clam_robot.models.window_layout import WindowLayout
from clam_robot.specs import GripperSpec, RobotSpec, VectorSpec
from clam_robot.training.coverage import Decoding, States, expected_error, measure_coverage, visited_share
from clam_robot.training.transitions import Transitions

LAYOUT = WindowLayout(past=0, future=1, num_present=2, num_change=2, num_grippers=0)
SPEC = RobotSpec(
    name="fake",
    state=VectorSpec(names=("hand_x", "hand_y", "hand_z"), units=("m",) * 3, low=(-1.0,) * 3, high=(1.0,) * 3),
    action=VectorSpec(names=("dx", "grip"), units=("1",) * 2, low=(-1.0, 0.0), high=(1.0, 1.0)),
    control_hz=10.0,
    gripper=GripperSpec(action="grip", mode="binary", closes="below", threshold=0.5),
)


def transitions(low: float, high: float, num: int = 400, seed: int = 0) -> Transitions:
    """Stretches of 20 whose first action shows in the change, as long as the hand is between -1 and 1."""
    rng = np.random.default_rng(seed)
    present = rng.uniform(low, high, (num, 2))
    action = rng.uniform(-1, 1, (num, 2))
    change = np.where(np.abs(present[:, :1]) < 1, action, 0.0)
    context = np.concatenate([present, change], axis=1).astype(np.float32)
    return Transitions(
        layout=LAYOUT,
        context=torch.from_numpy(context),
        action=torch.from_numpy(np.sign(action).astype(np.float32) * [1.0, 1.0]).float(),
        is_labeled=torch.ones(num, dtype=torch.bool),
        last=torch.arange(num) // 20 * 20 + 19,
    )


def states(num: int = 400) -> States:
    points = np.random.default_rng(1).uniform(-0.2, 0.2, (num, 3))
    return States(play=points, demonstrations=points)


def test_demonstrations_that_do_as_play_does_are_covered() -> None:
    coverage = measure_coverage(SPEC, transitions(-0.9, 0.9), transitions(-0.9, 0.9, seed=5), states())
    assert coverage.far_share < 0.15
    assert coverage.expected_error[0] == pytest.approx(coverage.play_error[0], rel=0.3)
    assert coverage.workspace == {"hand": 1.0}


def test_demonstrations_elsewhere_are_far() -> None:
    coverage = measure_coverage(SPEC, transitions(-0.9, 0.9), transitions(2.0, 4.0, seed=5), states())
    assert coverage.far_share > 0.9


def test_the_error_to_expect_is_that_of_play_as_far_away() -> None:
    distance = torch.linspace(0.0, 1.0, 1001)
    known = Decoding(distance=distance, error=torch.stack([distance, 1 - distance], dim=1))
    near, far, beyond = (expected_error(known, torch.full((7,), at)) for at in (0.05, 0.95, 5.0))
    assert near.tolist() == pytest.approx([0.05, 0.95], abs=0.01)
    assert far.tolist() == pytest.approx([0.95, 0.05], abs=0.01)
    assert beyond.tolist() == far.tolist()


def test_histograms_and_the_gripper_are_those_of_labelled_play() -> None:
    coverage = measure_coverage(SPEC, transitions(-0.9, 0.9), transitions(-0.9, 0.9), states())
    for shares in coverage.histograms.values():
        assert sum(shares) == pytest.approx(1.0)
        assert shares[0] + shares[-1] == pytest.approx(1.0)
    assert coverage.closed_share == pytest.approx(0.5, abs=0.1)
    assert coverage.gripper_transitions == pytest.approx(47.5, abs=8)


def test_places_are_counted_by_cells() -> None:
    here, there = np.zeros((5, 3)), np.array([[0.0, 0.0, 0.0], [0.3, 0.0, 0.0]])
    assert visited_share(here, there) == 0.5
    assert visited_share(there, here) == 1.0
