"""Between a robot's physical actions and the [-1, 1] that networks produce."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from clam_robot.errors import InvalidSpec
from clam_robot.specs import VectorSpec


class ActionScale(nn.Module):
    """Linear map between the bounds of an action spec and [-1, 1].

    Raises:
        InvalidSpec: an action entry has no finite bounds.
    """

    low: Tensor
    high: Tensor

    def __init__(self, spec: VectorSpec) -> None:
        super().__init__()
        for name, low, high in zip(spec.names, spec.low, spec.high, strict=True):
            if not np.isfinite([low, high]).all() or low == high:
                raise InvalidSpec(f"action {name}: expected finite bounds low < high to scale by, found {low}..{high}")
        self.register_buffer("low", torch.tensor(spec.low))
        self.register_buffer("high", torch.tensor(spec.high))

    def normalize(self, action: Float[Tensor, "*batch A"]) -> Float[Tensor, "*batch A"]:
        """Physical units to [-1, 1]."""
        return (action - self.low) / (self.high - self.low) * 2 - 1

    def denormalize(self, action: Float[Tensor, "*batch A"]) -> Float[Tensor, "*batch A"]:
        """[-1, 1] to physical units; never beyond the bounds, not even by rounding."""
        return torch.lerp(self.low, self.high, (action.clamp(-1, 1) + 1) / 2)
