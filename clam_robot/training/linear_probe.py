"""How much of one thing a linear map of another tells."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

_RIDGE = 1e-4


def linear_map(x: Float[Tensor, "N X"], y: Float[Tensor, "N Y"]) -> Callable[[Tensor], Tensor]:
    """A ridge regression of y on x: from (M, X) to (M, Y), in 64 bits."""
    mean, std = x.mean(0), x.std(0, correction=0).clamp_min(1e-6)

    def design(inputs: Float[Tensor, "M X"]) -> Float[Tensor, "M X+1"]:
        return torch.cat([(inputs - mean) / std, torch.ones_like(inputs[:, :1])], dim=1).double()

    known = design(x)
    gram = known.T @ known + _RIDGE * len(x) * torch.eye(known.shape[1], dtype=torch.double, device=x.device)
    weights = torch.linalg.solve(gram, known.T @ y.double())
    return lambda inputs: design(inputs) @ weights


def linear_probe_r2(
    x: Float[Tensor, "N X"], y: Float[Tensor, "N Y"], test_x: Float[Tensor, "M X"], test_y: Float[Tensor, "M Y"]
) -> float:
    """Share of the variance of `test_y` that a ridge regression fitted on (x, y) explains; below 0 where it misleads.

    Dimensions of y that do not vary are left out.
    """
    residual = (linear_map(x, y)(test_x) - test_y.double()).square().sum(0)
    total = (test_y.double() - test_y.double().mean(0)).square().sum(0)
    varies = total > 1e-9 * len(test_y)
    return float(1 - residual[varies].sum() / total[varies].sum()) if varies.any() else float("nan")
