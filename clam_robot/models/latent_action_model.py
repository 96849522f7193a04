"""Continuous latent actions: inverse dynamics, forward dynamics and the decoder that grounds them, trained together.

Source: CLAM, arXiv 2505.04999, section 4. The inverse model infers what happened between two observations as a latent
action z; the forward model must predict the change from z, so z carries it; the action decoder maps z to the robot's
actions on the few labelled transitions, and its loss also trains the inverse model.
"""

from dataclasses import dataclass, field
from typing import Literal

import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor, nn

from clam_robot import config
from clam_robot.errors import ConfigError
from clam_robot.models.action_loss import ActionLoss, action_error
from clam_robot.models.bottleneck import Bottleneck, BottleneckConfig, Latents
from clam_robot.models.dynamics import ForwardDynamics, InverseDynamics
from clam_robot.models.inputs import Inputs
from clam_robot.models.networks import mlp
from clam_robot.models.vision import shift_windows
from clam_robot.models.window_layout import Sees


@dataclass(frozen=True, kw_only=True)
class LatentActionConfig(config.Strict):
    """Shape and losses of the latent action model.

    Attributes:
        architecture: of the dynamics: mlp and transformer for states, cnn and space-time for frames of a camera.
        latent_dim: Z.
        hidden: width of every network.
        num_layers: hidden layers of every network.
        num_heads: attention heads, where there are any.
        decoder_layers: hidden layers of the action decoder; with none it is linear before its tanh.
        dropout: of the inverse model; it keeps play-only habits out of the latents. Of a few labels it takes much: with
            ten episodes the error on demonstrations is least from .4 to .5.
        num_steps: steps ahead that the forward model predicts, at most as many as the window has.
        inverse_sees: what inverse dynamics sees: the whole "window", or its "motion" alone, the changes of states
            and frames and the gripper. Play is not where demonstrations are, and where the arm is tells an inverse
            model of play what play mostly does there, which demonstrations do not. The forward model sees the present
            in either case.
        bottleneck: what latents may carry.
        action_weight: weight of the action loss against reconstruction (beta of the paper).
        action_every: updates from one with an action loss to the next (K of the paper).
        action_warmup: updates in which the action loss grows to its weight.
        action_loss: "l1" goes by the usual action of what is seen; "mse" by the mean, which actions that move nothing,
            because the arm is against something, pull aside.
        is_joint: whether the action loss trains the inverse model too; False grounds the decoder alone (ablation).
    """

    architecture: Literal["mlp", "transformer", "cnn", "space-time"] = "mlp"
    latent_dim: int = 16
    hidden: int = 256
    num_layers: int = 2
    num_heads: int = 4
    decoder_layers: int = 0
    dropout: float = 0.4
    num_steps: int = 1
    inverse_sees: Sees = "motion"
    bottleneck: BottleneckConfig = field(default_factory=BottleneckConfig)
    action_weight: float = 1.0
    action_every: int = 1
    action_warmup: int = 0
    action_loss: ActionLoss = "l1"
    is_joint: bool = True

    def __post_init__(self) -> None:
        for name in ("latent_dim", "hidden", "num_layers", "num_heads", "num_steps", "action_every"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, found {getattr(self, name)}")
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"dropout must be from 0 to below 1, found {self.dropout}")
        if self.architecture in {"transformer", "space-time"} and self.hidden % self.num_heads:
            raise ConfigError(f"hidden: expected a multiple of num_heads {self.num_heads}, found {self.hidden}")
        for name in ("action_weight", "action_warmup", "decoder_layers"):
            if not getattr(self, name) >= 0:
                raise ConfigError(f"{name} must not be negative, found {getattr(self, name)}")

    def action_weight_at(self, step: int) -> float:
        """Weight of the action loss in update `step`, counted from 0."""
        if step % self.action_every:
            return 0.0
        return self.action_weight * min(1.0, (step + 1) / max(1, self.action_warmup))


class LatentActionModel(nn.Module):
    """Inverse and forward dynamics with a bottleneck between them, and an action decoder Z -> A.

    Args:
        inverse: infers what the bottleneck needs.
        forward_model: predicts from latents.
        num_actions: A.
        config: that of both.
        shift: training moves all frames of a window alike, by up to this many pixels.
    """

    def __init__(
        self,
        inverse: InverseDynamics,
        forward_model: ForwardDynamics,
        *,
        num_actions: int,
        config: LatentActionConfig,
        shift: int = 0,
    ) -> None:
        super().__init__()
        self.config = config
        self.inverse = inverse
        self.forward_model = forward_model
        self.bottleneck = Bottleneck(config.latent_dim, config.bottleneck)
        self.action_decoder = action_decoder(config, num_actions)
        self._shift = shift

    def encode(self, window: Inputs) -> Float[Tensor, "B Z"]:
        """Latent actions of the windows' present steps."""
        return self.latents(window).z[:, 0]

    def latents(self, window: Inputs) -> Latents:
        """Everything inferred of the windows."""
        return self.bottleneck(self.inverse(window))

    def decode(self, latent: Float[Tensor, "*batch Z"]) -> Float[Tensor, "*batch A"]:
        """Actions scaled to [-1, 1]."""
        return torch.tanh(self.action_decoder(latent))

    def forward(
        self,
        features: Float[Tensor, "B C"],
        frames: UInt8[Tensor, "B W 3 h w"] | None,
        action: Float[Tensor, "B A"],
        is_labeled: Bool[Tensor, "B"],
        action_weight: float,
    ) -> tuple[Float[Tensor, ""], dict[str, float]]:
        """Reconstruction over every transition plus the action error over the labelled ones.

        Args:
            features: of the windows around each transition.
            frames: of the same windows, where there is a camera.
            action: scaled to [-1, 1]; ignored where unlabelled.
            is_labeled: which rows carry a true action.
            action_weight: of the action error in this update.

        Returns:
            The loss and its parts by name.
        """
        if frames is not None and self.training:
            frames = shift_windows(frames, self._shift)
        window = Inputs(features=features, frames=frames)
        latents = self.latents(window)
        errors = self.forward_model.error(window, latents.z)
        present = latents.z[:, 0][is_labeled]
        decoded = self.decode(present if self.config.is_joint else present.detach())
        grounding = (
            action_error(decoded, action[is_labeled], self.config.action_loss) if len(decoded) else decoded.sum()
        )
        loss = torch.stack([action_weight * grounding, latents.loss, *errors.values()]).sum()
        return loss, {name: error.item() for name, error in (errors | {"action": grounding}).items()}


def action_decoder(config: LatentActionConfig, num_actions: int) -> nn.Sequential:
    """From a latent action to an action before the tanh."""
    return mlp(config.latent_dim, num_actions, hidden=config.hidden, num_layers=config.decoder_layers)
