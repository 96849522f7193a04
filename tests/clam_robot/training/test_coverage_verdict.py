"""The verdict on play names what is lacking, and is never green where something is."""

import re
from dataclasses import replace
from typing import Any

import pytest

from clam_robot.training.coverage import Coverage
from clam_robot.training.coverage_verdict import judge

ENOUGH = Coverage(
    names=("dx", "roll", "grip"),
    num_steps=5000,
    histograms={},
    variance=(0.2, 0.3, 1.0),
    gripper="grip",
    gripper_changes=200,
    closed_share=0.4,
    workspace={"hand": 0.8, "object": 0.1},
    own_points=("hand",),
    far_share=0.1,
    unknown_share=0.02,
    play_error=(0.03, 0.03, 0.1),
    expected_error=(0.03, 0.03, 0.1),
)


def test_play_that_lacks_nothing_is_enough() -> None:
    assert judge(ENOUGH).is_enough
    assert judge(replace(ENOUGH, gripper=None, gripper_changes=None, closed_share=None)).is_enough
    assert judge(replace(ENOUGH, workspace={}, own_points=())).is_enough


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"far_share": 0.79}, r"79 % of the demonstrations' steps are far .* \(at most 30 %\): record play that moves"),
        ({"workspace": {"hand": 0.12}}, r"visited 12 % of the places where the hand .* \(at least 20 %\): record"),
        ({"gripper_changes": 3}, r"the gripper changes side 3 times \(at least 20\): record play that opens"),
        ({"expected_error": (0.03, 0.03, 0.54)}, r"grip: expected error is 54 % .* grasp, carry and let go"),
        ({"expected_error": (0.4, 0.03, 0.1)}, r"dx: expected error is 80 % .* \(at most 40 %\): .* vary dx"),
    ],
)
def test_what_is_lacking_is_named_with_what_to_record(change: dict[str, Any], said: str) -> None:
    verdict = judge(replace(ENOUGH, **change))
    assert not verdict.is_enough
    assert verdict.unknown == ()
    (lacking,) = verdict.lacking
    assert re.search(said, lacking), lacking


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"num_steps": 200}, "measured on 200 labelled steps, too few to be sure of them (at least 1000)"),
        ({"unknown_share": 0.31}, "31 % of the demonstrations' steps are farther from play than errors were measured"),
        ({"variance": (0.2, 0.0, 1.0)}, "play never varies roll"),
    ],
)
def test_what_cannot_be_told_is_not_taken_for_good(change: dict[str, Any], said: str) -> None:
    verdict = judge(replace(ENOUGH, **change))
    assert not verdict.is_enough
    assert verdict.lacking == ()
    (unknown,) = verdict.unknown
    assert said in unknown


def test_a_large_error_is_not_excused_by_one_as_large_on_play() -> None:
    bad = (0.03, 0.03, 0.9)
    assert not judge(replace(ENOUGH, play_error=bad, expected_error=bad)).is_enough
