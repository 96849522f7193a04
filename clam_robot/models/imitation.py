"""How far a policy is from what it is to imitate."""

import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor, nn

from clam_robot.models.inputs import Inputs
from clam_robot.models.latent_policy import PolicyConfig, PolicyNetwork

# Standard deviation that actions scaled to [-1, 1] have at the least: the noise of what hardly changes, as of a hand
# that never turns, is not worth learning.
LEAST_ACTION_STD = 0.05


class Imitation(nn.Module):
    """A policy network in training.

    Errors count in standard deviations of the targets. Of latent actions those that the decoder hears matter most: an
    error in the action is what the robot will do wrong, and what the decoder does not hear does nothing.

    Args:
        network: to train; its scale is fitted.
        config: its shape, and the weights of both errors where there is a decoder.
        targets: all of them, for the scale of what they decode to.
        decoder: from latent actions to actions before the tanh, which stays as it is; None where targets are actions.
    """

    decoded_std: Tensor

    def __init__(
        self,
        network: PolicyNetwork,
        config: PolicyConfig,
        *,
        targets: Float[Tensor, "N T"],
        decoder: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.network = network
        self._config = config
        self._decoder = None if decoder is None else decoder.requires_grad_(False).eval()
        with torch.no_grad():
            self.register_buffer(
                "decoded_std", self._decode(targets).std(0).clamp_min(LEAST_ACTION_STD), persistent=False
            )

    def forward(
        self,
        features: Float[Tensor, "B F"],
        frames: UInt8[Tensor, "B frames 3 h w"] | None,
        targets: Float[Tensor, "B H T"],
        is_valid: Bool[Tensor, "B H"],
    ) -> tuple[Float[Tensor, ""], dict[str, float]]:
        """Mean squared error over the valid targets.

        Args:
            features: of the state, and of those before it where there is a history.
            frames: at the same moments, where there is a camera.
            targets: of this control period and those that follow.
            is_valid: which of them there are; an episode may end within a chunk.

        Returns:
            The loss, and its parts by name where it has any.
        """
        found = self.network.act(Inputs(features=features, frames=frames))
        error = _mean(((found - targets) / self.network.std).square(), is_valid)
        if self._decoder is None:
            return error, {}
        decoded = _mean(((self._decode(found) - self._decode(targets)) / self.decoded_std).square(), is_valid)
        loss = self._config.latent_weight * error + self._config.decoded_weight * decoded
        return loss, {"latent": error.item(), "decoded": decoded.item()}

    def _decode(self, targets: Float[Tensor, "*batch T"]) -> Float[Tensor, "*batch A"]:
        return targets if self._decoder is None else torch.tanh(self._decoder(targets))


def _mean(errors: Float[Tensor, "B H T"], is_valid: Bool[Tensor, "B H"]) -> Float[Tensor, ""]:
    return (errors.mean(-1) * is_valid).sum() / is_valid.sum().clamp_min(1)
