"""How much of one thing a linear map of another tells."""

import torch
from jaxtyping import Float
from torch import Tensor

_RIDGE = 1e-4


def linear_probe_r2(
    x: Float[Tensor, "N X"], y: Float[Tensor, "N Y"], test_x: Float[Tensor, "M X"], test_y: Float[Tensor, "M Y"]
) -> float:
    """Share of the variance of `test_y` that a ridge regression fitted on (x, y) explains; below 0 where it misleads.

    Dimensions of y that do not vary are left out.
    """
    mean, std = x.mean(0), x.std(0).clamp_min(1e-6)
    design = torch.cat([(x - mean) / std, torch.ones_like(x[:, :1])], dim=1).double()
    gram = design.T @ design + _RIDGE * len(x) * torch.eye(design.shape[1], dtype=torch.double, device=x.device)
    weights = torch.linalg.solve(gram, design.T @ y.double())
    test = torch.cat([(test_x - mean) / std, torch.ones_like(test_x[:, :1])], dim=1).double()
    residual = (test @ weights - test_y.double()).square().sum(0)
    total = (test_y.double() - test_y.double().mean(0)).square().sum(0)
    varies = total > 1e-9 * len(test_y)
    return float(1 - residual[varies].sum() / total[varies].sum()) if varies.any() else float("nan")
