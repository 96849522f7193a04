"""Transitions as the networks see them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from clam_robot.models.features import StateFeatures
from clam_robot.training.data import TransitionSource


@dataclass(frozen=True, kw_only=True)
class Transitions:
    """Features and actions, of a batch or of all there are: computing them once makes an update a third cheaper.

    Attributes:
        context: (N, C) the windows' features; the present state's and the change's are among them.
        action: (N, A) scaled to [-1, 1]; zero where unlabelled.
        is_labeled: (N,).
    """

    context: Float[Tensor, "N C"]
    action: Float[Tensor, "N A"]
    is_labeled: Bool[Tensor, "N"]

    @classmethod
    @torch.no_grad()
    def of(cls, source: TransitionSource, features: StateFeatures) -> "Transitions":
        """Every transition of `source` in order."""
        return cls.join(
            [
                cls(context=features.context(batch.states), action=batch.action, is_labeled=batch.is_labeled)
                for batch in source.batches()
            ]
        )

    @classmethod
    def join(cls, parts: Sequence["Transitions"]) -> "Transitions":
        """One behind the other."""
        return cls(
            context=torch.cat([part.context for part in parts]),
            action=torch.cat([part.action for part in parts]),
            is_labeled=torch.cat([part.is_labeled for part in parts]),
        )

    def __len__(self) -> int:
        return len(self.context)

    def take(self, indices: Int64[Tensor, "B"]) -> "Transitions":
        """Those at `indices`."""
        return type(self)(
            context=self.context[indices], action=self.action[indices], is_labeled=self.is_labeled[indices]
        )

    def labeled(self) -> "Transitions":
        """Those that carry an action."""
        return self.take(self.is_labeled.nonzero().flatten())

    def draw(self, rng: np.random.Generator, size: int) -> "Transitions":
        """A random batch, with replacement."""
        return self.take(torch.from_numpy(rng.integers(len(self), size=size)).to(self.context.device))
