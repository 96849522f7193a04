"""Random choices of one update, the same however many processes share the work."""

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor


class Draws:
    """Random numbers of one update.

    Every process of a run draws the same, and keeps its share.

    Args:
        rng: of this update.
        rank: which process this is.
        world_size: how many there are.
        device: of the indices.
    """

    def __init__(
        self, rng: np.random.Generator, *, rank: int = 0, world_size: int = 1, device: torch.device | None = None
    ) -> None:
        self._rng = rng
        self._rank = rank
        self._world_size = world_size
        self._device = device

    def indices(self, num: int, size: int) -> Int64[Tensor, "share"]:
        """This process's share of `size` numbers below `num`, with replacement."""
        chosen = self._rng.integers(num, size=size)[self._rank :: self._world_size]
        return torch.from_numpy(chosen).to(self._device)
