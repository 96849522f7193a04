"""What a network sees of one or several observations: features of their states and, from a camera, their frames."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """Of a window for the dynamics, of the present and what came before it for a policy.

    Attributes:
        features: (B, F) of the states.
        frames: (B, T, 3, h, w) RGB; None without a camera.
    """

    features: Float[Tensor, "B F"]
    frames: UInt8[Tensor, "B T 3 h w"] | None = None

    def __len__(self) -> int:
        return len(self.features)

    def take(self, indices: Int64[Tensor, "b"]) -> "Inputs":
        """Those at `indices`."""
        frames = None if self.frames is None else self.frames[indices]
        return Inputs(features=self.features[indices], frames=frames)

    @staticmethod
    def join(parts: Sequence["Inputs"]) -> "Inputs":
        """One behind the other."""
        frames = [part.frames for part in parts if part.frames is not None]
        return Inputs(
            features=torch.cat([part.features for part in parts]),
            frames=torch.cat(frames) if frames else None,
        )
