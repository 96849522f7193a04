"""Continuous latent actions: inverse dynamics, forward dynamics and the decoder that grounds them, trained together.

Source: CLAM, arXiv 2505.04999, section 4. The inverse model infers what happened between two observations as a latent
action z; the forward model must predict the change from z, so z carries it; the action decoder maps z to the robot's
actions on the few labelled transitions, and its loss also trains the inverse model.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from clam_robot import config
from clam_robot.errors import ConfigError
from clam_robot.models.networks import mlp


@dataclass(frozen=True, kw_only=True)
class LatentActionConfig(config.Strict):
    """Shape and losses of the latent action model.

    Attributes:
        latent_dim: Z.
        hidden: width of every network.
        num_layers: hidden layers of every network.
        dropout: of the inverse model; it keeps play-only habits out of the latents.
        action_weight: weight of the action loss against reconstruction (beta of the paper).
        is_joint: whether the action loss trains the inverse model too; False grounds the decoder alone (ablation).
    """

    latent_dim: int = 16
    hidden: int = 256
    num_layers: int = 2
    dropout: float = 0.2
    action_weight: float = 1.0
    is_joint: bool = True

    def __post_init__(self) -> None:
        for name in ("latent_dim", "hidden", "num_layers"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, found {getattr(self, name)}")
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"dropout must be from 0 to below 1, found {self.dropout}")


class LatentActionModel(nn.Module):
    """Inverse dynamics C -> Z, forward dynamics (P, Z) -> D, and action decoder Z -> A."""

    def __init__(
        self, *, num_context: int, num_present: int, num_change: int, num_actions: int, config: LatentActionConfig
    ) -> None:
        super().__init__()
        self.config = config
        width, depth = config.hidden, config.num_layers
        self.inverse_dynamics = mlp(
            num_context, config.latent_dim, hidden=width, num_layers=depth, dropout=config.dropout
        )
        self.forward_dynamics = mlp(num_present + config.latent_dim, num_change, hidden=width, num_layers=depth)
        self.action_decoder = mlp(config.latent_dim, num_actions, hidden=width, num_layers=depth)

    def encode(self, context: Float[Tensor, "B C"]) -> Float[Tensor, "B Z"]:
        """Latent actions of windows."""
        return self.inverse_dynamics(context)

    def predict_change(self, present: Float[Tensor, "B P"], latent: Float[Tensor, "B Z"]) -> Float[Tensor, "B D"]:
        """The change of state that a latent action brings, in the features' scale."""
        return self.forward_dynamics(torch.cat([present, latent], dim=-1))

    def decode(self, latent: Float[Tensor, "*batch Z"]) -> Float[Tensor, "*batch A"]:
        """Actions scaled to [-1, 1]."""
        return torch.tanh(self.action_decoder(latent))

    def loss(
        self,
        *,
        context: Float[Tensor, "B C"],
        present: Float[Tensor, "B P"],
        change: Float[Tensor, "B D"],
        action: Float[Tensor, "B A"],
        is_labeled: Bool[Tensor, "B"],
    ) -> tuple[Tensor, dict[str, float]]:
        """Reconstruction over every transition plus the action error over the labelled ones.

        Args:
            context: windows seen by the inverse model.
            present: state features seen by the forward model.
            change: what the forward model must predict.
            action: scaled to [-1, 1]; ignored where unlabelled.
            is_labeled: which rows carry a true action.

        Returns:
            The loss and its parts by name.
        """
        latent = self.encode(context)
        reconstruction = mse_loss(self.predict_change(present, latent), change)
        grounding = latent[is_labeled]
        decoded = self.decode(grounding if self.config.is_joint else grounding.detach())
        action_loss = mse_loss(decoded, action[is_labeled]) if len(decoded) else decoded.sum()
        loss = reconstruction + self.config.action_weight * action_loss
        return loss, {"reconstruction": reconstruction.item(), "action": action_loss.item()}
