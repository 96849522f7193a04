"""A policy of codes learns which code comes next in every codebook."""

import math

import pytest
import torch
from torch import Tensor, nn

from clam_robot.models.code_policy import CodePolicy
from clam_robot.models.latent_policy import PolicyConfig, PolicyNetwork, StateEye

NUM_CODEBOOKS, SIZE = 2, 5


class Fixed(nn.Module):
    """Says the same logits of every row."""

    def __init__(self, logits: Tensor) -> None:
        super().__init__()
        self.logits = nn.Parameter(logits)

    def forward(self, seen: Tensor) -> Tensor:
        return self.logits.flatten().expand(len(seen), -1)


def policy(logits: Tensor) -> CodePolicy:
    network = PolicyNetwork(StateEye(), num_seen=3, num_targets=NUM_CODEBOOKS * SIZE, config=PolicyConfig(hidden=8))
    network.head = Fixed(logits)
    return CodePolicy(network, NUM_CODEBOOKS)


def test_who_knows_nothing_is_as_wrong_as_chance() -> None:
    codes = torch.randint(0, SIZE, (50, NUM_CODEBOOKS))
    loss, _ = policy(torch.zeros(NUM_CODEBOOKS, SIZE))(torch.zeros(50, 3), None, codes)
    assert loss.item() == pytest.approx(math.log(SIZE))


def test_each_codebook_has_logits_of_its_own() -> None:
    logits = torch.zeros(NUM_CODEBOOKS, SIZE)
    logits[0, 1] = logits[1, 4] = 100
    made = policy(logits)
    for codes, right in (([1, 4], 1.0), ([1, 3], 0.5), ([4, 1], 0.0)):
        loss, parts = made(torch.zeros(2, 3), None, torch.tensor([codes, codes]))
        assert parts["right"] == right
        assert loss.item() == pytest.approx(100 * (1 - right), abs=1e-4)
