"""Draws: the same whoever draws, and shared without loss or repetition."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from clam_robot.training.draws import Draws

relaxed = settings(deadline=None)


@relaxed
@given(st.integers(1, 5), st.integers(1, 40), st.integers(1, 1000), st.integers(0, 99))
def test_the_shares_together_are_what_one_process_draws(world_size: int, size: int, num: int, seed: int) -> None:
    def draw(rank: int, world_size: int) -> list[torch.Tensor]:
        draws = Draws(np.random.default_rng(seed), rank=rank, world_size=world_size)
        return [draws.indices(num, size), draws.indices(2 * num, size)]

    whole = draw(0, 1)
    shares = [draw(rank, world_size) for rank in range(world_size)]
    for k, drawn in enumerate(whole):
        together = torch.empty_like(drawn)
        for rank in range(world_size):
            together[rank::world_size] = shares[rank][k]
        assert torch.equal(together, drawn)
        assert max(len(share[k]) for share in shares) - min(len(share[k]) for share in shares) <= 1


def test_a_draw_is_random_with_replacement_and_reaches_every_number() -> None:
    drawn = Draws(np.random.default_rng(0)).indices(10, 200)
    assert len(drawn) == 200
    assert set(drawn.tolist()) == set(range(10))


def test_another_draw_is_another() -> None:
    draws = Draws(np.random.default_rng(0))
    assert not torch.equal(draws.indices(100, 50), draws.indices(100, 50))
