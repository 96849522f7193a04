"""Transitions as the networks see them."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int64, UInt8
from torch import Tensor

from clam_robot.models.features import StateFeatures
from clam_robot.models.inputs import Inputs
from clam_robot.models.window_layout import WindowLayout
from clam_robot.training.data import TransitionSource
from clam_robot.training.film import Film

_BATCH = 4096


@dataclass(frozen=True, kw_only=True)
class Transitions:
    """Features and actions of all transitions: computing them once makes an update a third cheaper.

    Attributes:
        layout: of the windows.
        context: (N, C) the windows' features; the present state's and the changes are among them.
        action: (N, A) scaled to [-1, 1]; zero where unlabelled.
        is_labeled: (N,).
        last: (N,) the last transition that follows without a gap.
        film: frames of a camera; None where none is looked through.
    """

    layout: WindowLayout
    context: Float[Tensor, "N C"]
    action: Float[Tensor, "N A"]
    is_labeled: Bool[Tensor, "N"]
    last: Int64[Tensor, "N"]
    film: Film | None = None

    @classmethod
    @torch.no_grad()
    def of(cls, source: TransitionSource, features: StateFeatures) -> "Transitions":
        """Every transition of `source` in order."""
        device = features.mean.device
        film = source.film
        return cls(
            layout=features.layout,
            context=torch.cat([features.context(states.to(device)) for states in source.states.split(_BATCH)]),
            action=source.action.to(device),
            is_labeled=source.is_labeled.to(device),
            last=source.last.to(device),
            film=None if film is None else Film(frames=film.frames.to(device), rows=film.rows.to(device)),
        )

    def __len__(self) -> int:
        return len(self.context)

    def windows(self, indices: Int64[Tensor, "B"]) -> Inputs:
        """Whole windows, as inverse dynamics sees them."""
        return Inputs(features=self.context[indices], frames=self._frames(indices, 0, self.layout.num_frames))

    def seen(self, indices: Int64[Tensor, "B"], history: int) -> Inputs:
        """What a policy sees: the present and `history` observations before it."""
        past = self.layout.past
        return Inputs(
            features=self.layout.history(self.context[indices], history),
            frames=self._frames(indices, past - history, past + 1),
        )

    def labeled(self) -> Int64[Tensor, "L"]:
        """Those that carry an action."""
        return self.is_labeled.nonzero().flatten()

    def _frames(self, indices: Int64[Tensor, "B"], first: int, stop: int) -> UInt8[Tensor, "B T 3 s s"] | None:
        return None if self.film is None else self.film.windows(indices, first, stop)
