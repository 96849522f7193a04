"""What runs on the robot: what was observed in, a chunk of actions out."""

import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from clam_robot.models.action_scale import ActionScale
from clam_robot.models.features import StateFeatures
from clam_robot.models.inputs import Inputs
from clam_robot.models.latent_policy import PolicyNetwork
from clam_robot.models.vision import resize


class Actor(nn.Module):
    """State features, a policy network, and a decoder where the network speaks in latent actions.

    Args:
        features: fitted on the training data.
        network: from what is seen to latent actions, or to actions in [-1, 1] when there is no decoder.
        decoder: from latent actions to actions before the tanh; None for behaviour cloning.
        scale: to physical units.
        frame_size: height and width that frames are scaled to [pixel].
    """

    def __init__(
        self,
        *,
        features: StateFeatures,
        network: PolicyNetwork,
        decoder: nn.Module | None,
        scale: ActionScale,
        frame_size: int,
    ) -> None:
        super().__init__()
        self.features = features
        self.network = network
        self.decoder = decoder
        self.scale = scale
        self._frame_size = frame_size

    @torch.inference_mode()
    def act(
        self, states: Float[Tensor, "B T S"], frames: UInt8[Tensor, "B T height width 3"] | None = None
    ) -> tuple[Float[Tensor, "B H A"], Float[Tensor, "B H Z"] | None]:
        """What to do now; as `forward`, without a trace of how it was computed."""
        return self(states, frames)

    def forward(
        self, states: Float[Tensor, "B T S"], frames: UInt8[Tensor, "B T height width 3"] | None = None
    ) -> tuple[Float[Tensor, "B H A"], Float[Tensor, "B H Z"] | None]:
        """From what was observed to what to do.

        Args:
            states: the last T observations, the present one last; T is the policy's history and one.
            frames: of its camera at the same moments, RGB; None where it has none.

        Returns:
            Actions in physical units, and the latent actions they were decoded from.
        """
        if frames is not None:
            resized = resize(frames.flatten(0, 1).permute(0, 3, 1, 2), self._frame_size)
            frames = resized.unflatten(0, frames.shape[:2])
        output = self.network.act(Inputs(features=self.features.history(states), frames=frames))
        if self.decoder is None:
            return self.scale.denormalize(output), None
        return self.scale.denormalize(torch.tanh(self.decoder(output))), output
