"""What a network sees stays together."""

import pytest
import torch

from clam_robot.models.inputs import Inputs


def made(num_rows: int, *, has_frames: bool = True) -> Inputs:
    number = torch.arange(num_rows)
    frames = number.to(torch.uint8)[:, None, None, None, None].repeat(1, 2, 3, 4, 4)
    return Inputs(features=number[:, None].float().repeat(1, 5), frames=frames if has_frames else None)


def test_rows_are_taken_with_their_frames() -> None:
    taken = made(8).take(torch.tensor([7, 0, 7]))
    assert len(taken) == 3
    assert taken.features[:, 2].tolist() == [7, 0, 7]
    assert taken.frames is not None
    assert taken.frames[:, 1, 2, 3, 3].tolist() == [7, 0, 7]


@pytest.mark.parametrize("has_frames", [True, False])
def test_one_behind_the_other(has_frames: bool) -> None:
    joined = Inputs.join([made(3, has_frames=has_frames), made(2, has_frames=has_frames)])
    assert joined.features[:, 0].tolist() == [0, 1, 2, 0, 1]
    assert (joined.frames is not None) == has_frames
    if joined.frames is not None:
        assert joined.frames[:, 0, 0, 0, 0].tolist() == [0, 1, 2, 0, 1]
