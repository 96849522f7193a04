"""How far inferred actions are from the true ones."""

from typing import Literal

from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import mse_loss, smooth_l1_loss

ActionLoss = Literal["l1", "mse"]

# Errors below this count by their square, so that the gradient does not jump at zero.
_SMOOTH = 0.02


def action_error(inferred: Float[Tensor, "B A"], action: Float[Tensor, "B A"], loss: ActionLoss) -> Float[Tensor, ""]:
    """Mean error over rows and entries, both scaled to [-1, 1]."""
    if loss == "l1":
        return smooth_l1_loss(inferred, action, beta=_SMOOTH)
    return mse_loss(inferred, action)
