"""Networks that act: a latent policy in front of the grounded decoder, and direct behaviour cloning."""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from clam_robot import config
from clam_robot.errors import ConfigError
from clam_robot.models.inputs import Inputs
from clam_robot.models.networks import mlp


@dataclass(frozen=True, kw_only=True)
class PolicyConfig(config.Strict):
    """Shape of a policy network.

    Attributes:
        architecture: mlp, or chunk: a transformer with a query for every target of the chunk, after ACT
            (arXiv 2304.13705).
        hidden: width.
        num_layers: hidden layers.
        num_heads: attention heads of the chunk transformer.
        dropout: in training.
        history: observations before the present one that it sees; at most as many as the window has.
        chunk: H, control periods it predicts at once.
        embedding: size of an embedding of the state's features in front of the network, which DynaMo trains beforehand;
            none with 0.
        latent_weight: in training, of the error in latent actions.
        decoded_weight: in training, of the error in the actions that they decode to; both weights are for policies of
            latent actions only.
    """

    architecture: Literal["mlp", "chunk"] = "mlp"
    hidden: int = 256
    num_layers: int = 2
    num_heads: int = 4
    dropout: float = 0.1
    history: int = 0
    chunk: int = 1
    embedding: int = 0
    latent_weight: float = 0.1
    decoded_weight: float = 1.0

    def __post_init__(self) -> None:
        for name, least in (
            ("hidden", 1),
            ("num_layers", 1),
            ("num_heads", 1),
            ("history", 0),
            ("chunk", 1),
            ("embedding", 0),
        ):
            if getattr(self, name) < least:
                raise ConfigError(f"{name} must be at least {least}, found {getattr(self, name)}")
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"dropout must be from 0 to below 1, found {self.dropout}")
        if min(self.latent_weight, self.decoded_weight) < 0 or self.latent_weight + self.decoded_weight == 0:
            raise ConfigError(
                "latent_weight, decoded_weight: expected none negative and one positive, found "
                f"{self.latent_weight} and {self.decoded_weight}"
            )
        if self.architecture == "chunk" and self.hidden % self.num_heads:
            raise ConfigError(f"hidden: expected a multiple of num_heads {self.num_heads}, found {self.hidden}")


class PolicyNetwork(nn.Module):
    """What is seen to H targets of T numbers, which it standardises by itself.

    Targets are latent actions for CLAM and actions in [-1, 1] for behaviour cloning.

    Args:
        eye: what is seen to V numbers.
        num_seen: V.
        num_targets: T.
        config: shape.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, eye: nn.Module, *, num_seen: int, num_targets: int, config: PolicyConfig) -> None:
        super().__init__()
        self.eye = eye
        self.head = _head(num_seen, num_targets, config)
        self._shape = (config.chunk, num_targets)
        self.register_buffer("mean", torch.zeros(num_targets))
        self.register_buffer("std", torch.ones(num_targets))

    @torch.no_grad()
    def fit_scale(self, targets: Float[Tensor, "N T"], *, least: float = 1e-4) -> None:
        """Measure mean and standard deviation of the targets.

        Args:
            targets: all of them.
            least: standard deviation that a target has at the least, so that one that hardly changes counts little.
        """
        self.mean.copy_(targets.mean(0))
        self.std.copy_(targets.std(0).clamp_min(least))

    def act(self, seen: Inputs) -> Float[Tensor, "B H T"]:
        """Targets in their own scale."""
        return self.head(self.eye(seen)).view(-1, *self._shape) * self.std + self.mean


class StateEye(nn.Module):
    """Sees the state's features as they are."""

    def forward(self, seen: Inputs) -> Float[Tensor, "B F"]:
        """The features."""
        return seen.features


class EmbeddingEye(nn.Module):
    """Sees an embedding of the state's features."""

    def __init__(self, num_features: int, config: PolicyConfig) -> None:
        super().__init__()
        self.network = mlp(
            num_features,
            config.embedding,
            hidden=config.hidden,
            num_layers=config.num_layers,
            dropout=config.dropout,
        )

    def forward(self, seen: Inputs) -> Float[Tensor, "B V"]:
        """The embedding."""
        return self.network(seen.features)


class ChunkHead(nn.Module):
    """A token of what is seen, attended by a learned query for every period of the chunk."""

    def __init__(self, num_seen: int, num_targets: int, config: PolicyConfig) -> None:
        super().__init__()
        self.embed = nn.Linear(num_seen, config.hidden)
        self.queries = nn.Parameter(0.02 * torch.randn(config.chunk, config.hidden))
        layer = nn.TransformerDecoderLayer(
            config.hidden,
            config.num_heads,
            4 * config.hidden,
            config.dropout,
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        self.decoder = nn.TransformerDecoder(layer, config.num_layers, norm=nn.LayerNorm(config.hidden))
        self.targets = nn.Linear(config.hidden, num_targets)

    def forward(self, seen: Float[Tensor, "B V"]) -> Float[Tensor, "B H T"]:
        """All targets of the chunk at once."""
        memory = self.embed(seen).unsqueeze(1)
        return self.targets(self.decoder(self.queries.expand(seen.shape[0], -1, -1), memory))


def _head(num_seen: int, num_targets: int, config: PolicyConfig) -> nn.Module:
    if config.architecture == "chunk":
        return ChunkHead(num_seen, num_targets, config)
    return mlp(
        num_seen,
        config.chunk * num_targets,
        hidden=config.hidden,
        num_layers=config.num_layers,
        dropout=config.dropout,
    )
