"""An embedding of observations learned by dynamics alone (DynaMo, arXiv 2409.12192)."""

from dataclasses import replace

import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn
from torch.nn.functional import normalize

from clam_robot.models.inputs import Inputs
from clam_robot.models.networks import mlp
from clam_robot.models.vision import shift_windows

_COVARIANCE_WEIGHT = 0.04


class EmbeddingDynamics(nn.Module):
    """The embedding of the next observation is predicted from that of the present one and what is inferred of both.

    The target takes no gradient, and a penalty on the covariance between the embedding's dimensions keeps it from
    collapsing.

    Args:
        eye: what is seen to V numbers.
        num_seen: V.
        latent_dim: Z.
        hidden: width of the dynamics.
        num_layers: their hidden layers.
        shift: training moves the frames of both observations alike, by up to this many pixels; moved each for itself,
            they would make of the augmentation what happened between them.
    """

    def __init__(
        self, eye: nn.Module, *, num_seen: int, latent_dim: int, hidden: int, num_layers: int, shift: int
    ) -> None:
        super().__init__()
        self.eye = eye
        self._shift = shift
        self.inverse = mlp(2 * num_seen, latent_dim, hidden=hidden, num_layers=num_layers)
        self.forward_model = mlp(num_seen + latent_dim, num_seen, hidden=hidden, num_layers=num_layers)

    def forward(
        self,
        features: Float[Tensor, "B F"],
        frames: UInt8[Tensor, "B T 3 h w"] | None,
        next_features: Float[Tensor, "B F"],
        next_frames: UInt8[Tensor, "B T 3 h w"] | None,
    ) -> tuple[Float[Tensor, ""], dict[str, float]]:
        """Cosine distance between predicted and true embedding, and the covariance penalty.

        Args:
            features: of the present observation.
            frames: of the same, where there is a camera.
            next_features: of the next one.
            next_frames: of the same.
        """
        present, following = self._see(
            Inputs(features=features, frames=frames), Inputs(features=next_features, frames=next_frames)
        )
        latent = self.inverse(torch.cat([present, following], dim=-1))
        predicted = self.forward_model(torch.cat([present, latent], dim=-1))
        cosine = (normalize(predicted, dim=-1) * normalize(following.detach(), dim=-1)).sum(-1)
        dynamics, covariance = 1 - cosine.mean(), _covariance(present)
        parts = {"dynamics": dynamics.item(), "covariance": covariance.item()}
        return dynamics + _COVARIANCE_WEIGHT * covariance, parts

    def _see(self, present: Inputs, following: Inputs) -> tuple[Float[Tensor, "B V"], Float[Tensor, "B V"]]:
        if present.frames is None or following.frames is None or not self.training:
            return self.eye(present), self.eye(following)
        both = shift_windows(torch.cat([present.frames, following.frames], dim=1), self._shift)
        frames = both.split(present.frames.shape[1], dim=1)
        return tuple(
            self.eye(replace(seen, frames=each), is_shifted=True)
            for seen, each in zip((present, following), frames, strict=True)
        )


def _covariance(embedding: Float[Tensor, "B V"]) -> Float[Tensor, ""]:
    centred = embedding - embedding.mean(0)
    matrix = centred.T @ centred / max(1, len(embedding) - 1)
    return (matrix - torch.diag(matrix.diagonal())).square().sum() / embedding.shape[1]
