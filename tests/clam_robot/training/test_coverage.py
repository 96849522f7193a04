"""Coverage tells play that knows what demonstrations do from play that does not."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from clam_robot.errors import NoLabels
from clam_robot.models.window_layout import Sees, WindowLayout
from clam_robot.specs import GripperSpec, RobotSpec, VectorSpec
from clam_robot.training.coverage import Coverage, Decoding, States, expected_error, measure_coverage, visited_share
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


def shortened(play: Transitions, num: int) -> Transitions:
    last = play.last[:num].clamp_max(num - 1)
    return replace(
        play, context=play.context[:num], action=play.action[:num], is_labeled=play.is_labeled[:num], last=last
    )


def measured(play: Transitions, demonstrations: Transitions, sees: Sees = "window") -> Coverage:
    points = np.random.default_rng(1).uniform(-0.2, 0.2, (400, 3))
    return measure_coverage(SPEC, play, demonstrations, States(play=points, demonstrations=points), sees=sees)


def test_demonstrations_that_do_as_play_does_are_covered() -> None:
    coverage = measured(transitions(-0.9, 0.9), transitions(-0.9, 0.9, seed=5))
    assert coverage.far_share < 0.15
    assert coverage.expected_error[0] == pytest.approx(coverage.play_error[0], rel=0.3)
    assert coverage.workspace == {"hand": 1.0}


def test_demonstrations_elsewhere_are_far() -> None:
    coverage = measured(transitions(-0.9, 0.9), transitions(2.0, 4.0, seed=5))
    assert coverage.far_share > 0.9
    assert coverage.unknown_share > 0.9


def test_less_of_the_same_play_is_never_nearer_to_the_demonstrations() -> None:
    everything, demonstrations = transitions(-0.9, 0.9, num=800), transitions(-1.5, 1.5, seed=5)
    far = [measured(shortened(everything, num), demonstrations).far_share for num in (40, 80, 200, 400, 800)]
    assert far == sorted(far, reverse=True)
    assert far[0] > far[-1] + 0.2


def test_motion_is_compared_wherever_it_was_made() -> None:
    coverage = measured(transitions(-0.5, 0.5), transitions(0.5, 0.9, seed=5), sees="motion")
    assert coverage.far_share < 0.05


def test_play_of_one_episode_cannot_be_judged() -> None:
    with pytest.raises(NoLabels, match="at least 2 labelled play episodes, found 1; record more, or raise --num-lab"):
        measured(shortened(transitions(-0.9, 0.9), 20), transitions(-0.9, 0.9))


def test_play_of_few_steps_is_judged() -> None:
    coverage = measured(shortened(transitions(-0.9, 0.9), 22), transitions(-2.0, 2.0))
    assert np.isfinite(coverage.expected_error).all()


def test_a_linear_decoder_is_mended_where_actions_are_not_linear() -> None:
    coverage = measured(transitions(-0.9, 0.9, num=2000), transitions(-0.9, 0.9, seed=5), sees="motion")
    linear = 0.25  # of the best line through the sign of what is uniform in [-1, 1]: 1 - 3/4
    assert max(coverage.play_error) < 0.25 * linear


def test_an_entry_that_hardly_varies_is_measured_by_the_average_one() -> None:
    coverage = measured(transitions(-0.9, 0.9), transitions(-0.9, 0.9))
    still = replace(coverage, variance=(1.0, 0.0), expected_error=(0.1, 0.1))
    assert still.share_of_guessing == pytest.approx((0.1, 0.2))


def test_the_error_to_expect_is_that_of_play_as_far_away() -> None:
    distance = torch.linspace(0.0, 1.0, 1001)
    known = Decoding(distance=distance, error=torch.stack([distance, 1 - distance], dim=1))
    near, far, beyond = (expected_error(known, torch.full((7,), at)) for at in (0.05, 0.95, 5.0))
    assert near.tolist() == pytest.approx([0.05, 0.95], abs=0.01)
    assert far.tolist() == pytest.approx([0.95, 0.05], abs=0.01)
    assert beyond.tolist() == far.tolist()


def test_histograms_and_the_gripper_are_those_of_labelled_play() -> None:
    coverage = measured(transitions(-0.9, 0.9), transitions(-0.9, 0.9))
    for shares in coverage.histograms.values():
        assert sum(shares) == pytest.approx(1.0)
        assert shares[0] + shares[-1] == pytest.approx(1.0)
    assert coverage.closed_share == pytest.approx(0.5, abs=0.1)
    assert coverage.gripper_changes == pytest.approx(0.475 * 400, abs=32)


def test_places_are_counted_by_cells() -> None:
    here, there = np.zeros((5, 3)), np.array([[0.0, 0.0, 0.0], [0.3, 0.0, 0.0]])
    assert visited_share(here, there) == 0.5
    assert visited_share(there, here) == 1.0
