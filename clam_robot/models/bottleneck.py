"""What lies between inverse and forward dynamics: latents as they come, a Gaussian posterior, or a codebook."""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from clam_robot import config
from clam_robot.errors import ConfigError

Kind = Literal["continuous", "gaussian", "vq", "residual-vq", "fsq"]
# Values a dimension of a finite scalar quantiser takes, by size of the whole codebook (arXiv 2309.15505, table 1).
_LEVELS = {64: (8, 8), 128: (8, 4, 4), 256: (8, 6, 5), 1024: (8, 5, 5, 5)}
_NUM_QUANTIZERS = 2


@dataclass(frozen=True, kw_only=True)
class BottleneckConfig(config.Strict):
    """What latents may carry.

    Attributes:
        kind: continuous, as CLAM has them; gaussian, sampled from a posterior in training; or discrete, of a codebook:
            vq, residual-vq (two codes, one for what the other leaves), fsq.
        kl_weight: of the Gaussian posterior's divergence from a standard normal.
        codebook_size: of the discrete ones.
        commitment_weight: of the pull of inferred latents towards their codes.
    """

    kind: Kind = "continuous"
    kl_weight: float = 1e-3
    codebook_size: int = 128
    commitment_weight: float = 0.25

    def __post_init__(self) -> None:
        if self.kind == "fsq" and self.codebook_size not in _LEVELS:
            raise ConfigError(f"codebook_size: fsq has {', '.join(map(str, _LEVELS))}, found {self.codebook_size}")
        if self.codebook_size < 2:
            raise ConfigError(f"codebook_size must be at least 2, found {self.codebook_size}")
        for name in ("kl_weight", "commitment_weight"):
            if not getattr(self, name) >= 0:
                raise ConfigError(f"{name} must not be negative, found {getattr(self, name)}")


@dataclass(frozen=True, kw_only=True)
class Latents:
    """Latents behind a bottleneck.

    Attributes:
        z: (B, N, Z).
        loss: of the bottleneck itself; zero for continuous latents.
        codes: (B, N, Q) which of each codebook; None for continuous ones.
    """

    z: Float[Tensor, "B N Z"]
    loss: Float[Tensor, ""]
    codes: Tensor | None = None


class Bottleneck(nn.Module):
    """Inferred numbers to latents.

    Attributes:
        num_inputs: E, numbers that inverse dynamics infers for one latent.
    """

    def __init__(self, latent_dim: int, config: BottleneckConfig) -> None:
        super().__init__()
        self.config = config
        self.num_inputs = 2 * latent_dim if config.kind == "gaussian" else latent_dim
        self.codebook = _codebook(latent_dim, config)

    def forward(self, inferred: Float[Tensor, "B N E"]) -> Latents:
        """Latents; in evaluation the mean of a Gaussian posterior."""
        if self.config.kind == "continuous":
            return Latents(z=inferred, loss=inferred.new_zeros(()))
        if self.config.kind == "gaussian":
            return self._sample(inferred)
        assert self.codebook is not None
        if self.config.kind == "fsq":
            z, codes = self.codebook(inferred)
            return Latents(z=z, loss=inferred.new_zeros(()), codes=codes.unsqueeze(-1))
        z, codes, loss = self.codebook(inferred)
        return Latents(z=z, loss=loss.sum(), codes=codes if codes.ndim == inferred.ndim else codes.unsqueeze(-1))

    def _sample(self, inferred: Float[Tensor, "B N E"]) -> Latents:
        mean, log_variance = inferred.chunk(2, dim=-1)
        log_variance = log_variance.clamp(-10, 4)
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(-1).mean()
        z = mean + torch.randn_like(mean) * (0.5 * log_variance).exp() if self.training else mean
        return Latents(z=z, loss=self.config.kl_weight * divergence)


def _codebook(latent_dim: int, config: BottleneckConfig) -> nn.Module | None:
    if config.kind in {"continuous", "gaussian"}:
        return None
    from vector_quantize_pytorch import FSQ, ResidualVQ, VectorQuantize  # heavy, and few runs need it

    if config.kind == "fsq":
        return FSQ(levels=list(_LEVELS[config.codebook_size]), dim=latent_dim)
    if config.kind == "residual-vq":
        per_quantizer = max(2, math.ceil(config.codebook_size ** (1 / _NUM_QUANTIZERS)))
        return ResidualVQ(
            dim=latent_dim,
            num_quantizers=_NUM_QUANTIZERS,
            codebook_size=per_quantizer,
            commitment_weight=config.commitment_weight,
        )
    return VectorQuantize(
        dim=latent_dim,
        codebook_size=config.codebook_size,
        commitment_weight=config.commitment_weight,
        threshold_ema_dead_code=2,
    )
