"""How well the change of a frame is predicted."""

from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import mse_loss


def change_error(predicted: Float[Tensor, "*shape"], change: Float[Tensor, "*shape"]) -> Float[Tensor, ""]:
    """Mean squared error as a share of what predicting no change would make: most of a picture never changes."""
    return mse_loss(predicted, change) / change.square().mean().clamp_min(1e-6)
