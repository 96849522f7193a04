"""A policy of discrete latent actions: it tells which code of each codebook comes next (LAPA, arXiv 2410.11758)."""

from jaxtyping import Float, Int64, UInt8
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from clam_robot.models.inputs import Inputs
from clam_robot.models.latent_policy import PolicyNetwork


class CodePolicy(nn.Module):
    """What is seen to logits.

    Args:
        network: with `num_codebooks` x `codebook_size` targets and a chunk of one.
        num_codebooks: Q.
    """

    def __init__(self, network: PolicyNetwork, num_codebooks: int) -> None:
        super().__init__()
        self.network = network
        self._num_codebooks = num_codebooks

    def forward(
        self,
        features: Float[Tensor, "B F"],
        frames: UInt8[Tensor, "B T 3 h w"] | None,
        codes: Int64[Tensor, "B Q"],
    ) -> tuple[Float[Tensor, ""], dict[str, float]]:
        """Cross entropy, and the share of codes told right."""
        logits = self.network.act(Inputs(features=features, frames=frames)).view(*codes.shape, -1)
        right = (logits.argmax(-1) == codes).float().mean()
        return cross_entropy(logits.flatten(0, 1), codes.flatten()), {"right": right.item()}
