"""What runs on the robot: one state in, one action out."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from clam_robot.models.action_scale import ActionScale
from clam_robot.models.features import StateFeatures
from clam_robot.models.latent_policy import PolicyNetwork


class Actor(nn.Module):
    """State features, a policy network, and a decoder where the network speaks in latent actions.

    Args:
        features: fitted on the training data.
        network: from features to latent actions, or to actions in [-1, 1] when there is no decoder.
        decoder: from latent actions to actions before the tanh; None for behaviour cloning.
        scale: to physical units.
    """

    def __init__(
        self, *, features: StateFeatures, network: PolicyNetwork, decoder: nn.Module | None, scale: ActionScale
    ) -> None:
        super().__init__()
        self.features = features
        self.network = network
        self.decoder = decoder
        self.scale = scale

    @torch.inference_mode()
    def act(
        self, state: Float[Tensor, "*batch S"]
    ) -> tuple[Float[Tensor, "*batch A"], Float[Tensor, "*batch Z"] | None]:
        """Actions in physical units, and the latent actions they were decoded from."""
        output = self.network(self.features.present(state))
        if self.decoder is None:
            return self.scale.denormalize(output), None
        return self.scale.denormalize(torch.tanh(self.decoder(output))), output
