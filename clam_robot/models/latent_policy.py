"""Networks that act on one state: a latent policy behind the grounded decoder, and direct behaviour cloning."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from clam_robot import config
from clam_robot.errors import ConfigError
from clam_robot.models.networks import mlp


@dataclass(frozen=True, kw_only=True)
class PolicyConfig(config.Strict):
    """Shape of a policy network.

    Attributes:
        hidden: width.
        num_layers: hidden layers.
        dropout: in training.
    """

    hidden: int = 256
    num_layers: int = 2
    dropout: float = 0.1

    def __post_init__(self) -> None:
        for name in ("hidden", "num_layers"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, found {getattr(self, name)}")
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"dropout must be from 0 to below 1, found {self.dropout}")


class PolicyNetwork(nn.Module):
    """State features P to targets T, which it standardises by itself.

    Targets are latent actions for CLAM and actions in [-1, 1] for behaviour cloning.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, *, num_present: int, num_targets: int, config: PolicyConfig) -> None:
        super().__init__()
        self.network = mlp(
            num_present, num_targets, hidden=config.hidden, num_layers=config.num_layers, dropout=config.dropout
        )
        self.register_buffer("mean", torch.zeros(num_targets))
        self.register_buffer("std", torch.ones(num_targets))

    @torch.no_grad()
    def fit_scale(self, targets: Float[Tensor, "N T"]) -> None:
        """Measure mean and standard deviation of the targets."""
        self.mean.copy_(targets.mean(0))
        self.std.copy_(targets.std(0).clamp_min(1e-4))

    def forward(self, present: Float[Tensor, "*batch P"]) -> Float[Tensor, "*batch T"]:
        """Targets in their own scale."""
        return self.network(present) * self.std + self.mean

    def loss(self, present: Float[Tensor, "B P"], targets: Float[Tensor, "B T"]) -> Tensor:
        """Mean squared error in standardised targets."""
        return ((self(present) - targets) / self.std).square().mean()
