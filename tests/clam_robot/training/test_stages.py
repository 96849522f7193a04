"""Targets inferred from windows, chunks that end with their episode, and a frozen eye."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from clam_robot.models.architectures import build_policy
from clam_robot.models.inputs import Inputs
from clam_robot.models.latent_policy import PolicyConfig
from clam_robot.models.window_layout import WindowLayout
from clam_robot.training.config import TrainConfig
from clam_robot.training.stages import chunks, relabel, train_policy
from clam_robot.training.trainer import Trainer
from clam_robot.training.transitions import Transitions
from tests.clam_robot.training.conftest import Heard

relaxed = settings(deadline=None)

LAYOUT = WindowLayout(past=1, future=1, num_present=2, num_change=1, num_grippers=0)


def lasts(lengths: list[int]) -> Tensor:
    """For every transition of segments of these lengths the last one of its segment."""
    ends = torch.tensor(lengths).cumsum(0) - 1
    return ends.repeat_interleave(torch.tensor(lengths))


def test_a_chunk_ends_with_its_episode() -> None:
    chunk, is_there = chunks(torch.tensor([0, 1, 2, 3, 4]), lasts([3, 2]), 3)
    assert chunk.tolist() == [[0, 1, 2], [1, 2, 2], [2, 2, 2], [3, 4, 4], [4, 4, 4]]
    assert is_there.int().tolist() == [[1, 1, 1], [1, 1, 0], [1, 0, 0], [1, 1, 0], [1, 0, 0]]


@relaxed
@given(st.lists(st.integers(1, 6), min_size=1, max_size=5), st.integers(1, 8), st.randoms())
def test_a_chunk_is_what_follows_in_the_same_episode(lengths: list[int], length: int, random: object) -> None:
    last = lasts(lengths)
    indices = torch.randint(0, len(last), (10,))
    chunk, is_there = chunks(indices, last, length)
    assert chunk.shape == is_there.shape == (10, length)
    assert (last[chunk] == last[indices, None]).all()
    for row, first in enumerate(indices.tolist()):
        following = list(range(first, min(first + length, int(last[first]) + 1)))
        assert chunk[row][is_there[row]].tolist() == following
        assert is_there[row, : len(following)].all()


def transitions(num_rows: int) -> Transitions:
    generator = torch.Generator().manual_seed(0)
    return Transitions(
        layout=LAYOUT,
        context=torch.randn(num_rows, LAYOUT.num_context, generator=generator),
        action=torch.rand(num_rows, 3, generator=generator),
        is_labeled=torch.arange(num_rows) % 2 == 0,
        last=torch.full((num_rows,), num_rows - 1),
    )


def test_every_transition_gets_a_target_in_order_and_no_gradient() -> None:
    made = transitions(2500)
    weight = torch.ones((), requires_grad=True)
    sizes = list[int]()

    def infer(window: Inputs) -> Tensor:
        sizes.append(len(window))
        return window.features[:, :2] * weight

    targets = relabel(made, infer)
    assert torch.equal(targets, made.context[:, :2])
    assert not targets.requires_grad
    assert max(sizes) <= 1024


def test_a_trained_eye_is_left_as_it_is(tiny: Callable[..., TrainConfig], tmp_path: Path) -> None:
    made = transitions(40)
    config = tiny(method="dynamo", policy=PolicyConfig(hidden=8, embedding=5))
    eye = build_policy(LAYOUT, num_targets=1, config=config.policy, vision=config.vision).eye
    trainer = Trainer(tmp_path, seed=0, progress=Heard())
    network = train_policy(made, made.action, made.is_labeled, config, trainer, eye=eye)
    assert all(torch.equal(ours, eye.state_dict()[name]) for name, ours in network.eye.state_dict().items())
    fresh = build_policy(LAYOUT, num_targets=3, config=config.policy, vision=config.vision)
    assert network.eye.state_dict().keys() == fresh.eye.state_dict().keys()


@pytest.mark.parametrize("garbage", [0.0, 1e6])
def test_transitions_without_a_target_are_not_imitated(
    tiny: Callable[..., TrainConfig], tmp_path: Path, garbage: float
) -> None:
    made = transitions(40)
    config = tiny(method="bc-play", policy=PolicyConfig(hidden=8, chunk=3))
    found = []
    for k, targets in enumerate((made.action, torch.where(made.is_labeled[:, None], made.action, garbage))):
        torch.manual_seed(0)
        trainer = Trainer(tmp_path / str(k), seed=0, progress=Heard())
        found.append(train_policy(made, targets, made.is_labeled, config, trainer).state_dict())
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])
