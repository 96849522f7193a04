"""The stages that methods are made of: dynamics, relabelling, and a policy on targets."""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float, Int64, Shaped, UInt8
from torch import Tensor, nn

from clam_robot.models.action_loss import ActionLoss, action_error
from clam_robot.models.architectures import build_inverse_dynamics, build_latent_action_model, build_policy
from clam_robot.models.dynamics import InverseDynamics
from clam_robot.models.features import StateFeatures
from clam_robot.models.imitation import LEAST_ACTION_STD, Imitation
from clam_robot.models.inputs import Inputs
from clam_robot.models.latent_action_model import LatentActionModel
from clam_robot.models.latent_policy import PolicyConfig, PolicyNetwork
from clam_robot.models.vision import shift_windows
from clam_robot.training.config import TrainConfig
from clam_robot.training.data import TrainingData
from clam_robot.training.draws import Draws
from clam_robot.training.trainer import Trainer
from clam_robot.training.transitions import Transitions

_RELABEL_BATCH = 1024


def fit_features(data: TrainingData, config: TrainConfig, device: torch.device) -> StateFeatures:
    """Scales and means over everything the method may see."""
    features = StateFeatures(data.spec, config.features)
    now = config.features.past
    pairs = torch.cat([source.states[:, now : now + 2] for source in data.sources])
    features.fit(pairs[:, 0], pairs[:, 1] - pairs[:, 0])
    return features.to(device)


def train_latent_action_model(
    demonstrations: Transitions, play: Transitions, config: TrainConfig, trainer: Trainer
) -> LatentActionModel:
    """Stage 1 of CLAM: latent actions from demonstrations and play, grounded on the labelled play (paper section 4)."""
    model = build_latent_action_model(
        play.layout, num_actions=play.action.shape[1], config=config.latent, vision=config.vision
    )

    def draw(draws: Draws, step: int) -> tuple[Tensor, Tensor | None, Tensor, Tensor, float]:
        chosen = [(source, draws.indices(len(source), config.batch_size)) for source in (demonstrations, play)]
        window = Inputs.join([source.windows(indices) for source, indices in chosen])
        action = torch.cat([source.action[indices] for source, indices in chosen])
        is_labeled = torch.cat([source.is_labeled[indices] for source, indices in chosen])
        return window.features, window.frames, action, is_labeled, config.latent.action_weight_at(step)

    trainer.fit("latent_actions", model, draw, config.dynamics_optimizer)
    return model


class ActionInference(nn.Module):
    """Inverse dynamics that infers actions themselves."""

    def __init__(self, inverse: InverseDynamics, *, loss: ActionLoss, shift: int) -> None:
        super().__init__()
        self.inverse = inverse
        self._loss: ActionLoss = loss
        self._shift = shift

    def infer(self, window: Inputs) -> Float[Tensor, "B A"]:
        """Actions scaled to [-1, 1]."""
        return torch.tanh(self.inverse(window)[:, 0])

    def forward(
        self, features: Float[Tensor, "B C"], frames: UInt8[Tensor, "B W 3 h w"] | None, action: Float[Tensor, "B A"]
    ) -> tuple[Float[Tensor, ""], dict[str, float]]:
        """Error of the inferred actions."""
        if frames is not None and self.training:
            frames = shift_windows(frames, self._shift)
        return action_error(self.infer(Inputs(features=features, frames=frames)), action, self._loss), {}


def train_inverse_dynamics(play: Transitions, config: TrainConfig, trainer: Trainer) -> ActionInference:
    """VPT: a window's action from labelled play alone, with CLAM's features, shape and regularisers."""
    inverse = build_inverse_dynamics(
        play.layout, num_inferred=play.action.shape[1], config=config.latent, vision=config.vision
    )
    model = ActionInference(inverse, loss=config.latent.action_loss, shift=config.vision.shift)
    labeled = play.labeled()

    def draw(draws: Draws, step: int) -> tuple[Tensor, Tensor | None, Tensor]:
        indices = labeled[draws.indices(len(labeled), config.batch_size)]
        window = play.windows(indices)
        return window.features, window.frames, play.action[indices]

    trainer.fit("inverse_dynamics", model, draw, config.dynamics_optimizer)
    return model


@torch.no_grad()
def relabel(transitions: Transitions, infer: Callable[[Inputs], Tensor]) -> Shaped[Tensor, "N T"]:
    """Targets for every transition, inferred from its window alone."""
    every = torch.arange(len(transitions), device=transitions.context.device)
    return torch.cat([infer(transitions.windows(indices)) for indices in every.split(_RELABEL_BATCH)])


def train_policy(
    transitions: Transitions,
    targets: Float[Tensor, "N T"],
    is_target: Bool[Tensor, "N"],
    config: TrainConfig,
    trainer: Trainer,
    *,
    shape: PolicyConfig | None = None,
    eye: nn.Module | None = None,
    decoder: nn.Module | None = None,
    on_save: Callable[[PolicyNetwork], None] = lambda network: None,
) -> PolicyNetwork:
    """The last stage of every method: what is seen to targets, which are latent actions or actions.

    Args:
        transitions: to imitate.
        targets: one per transition.
        is_target: which of them there are.
        config: of the run.
        trainer: of the run.
        shape: of the network; that of the run by default.
        eye: a trained one, left as it is.
        decoder: of targets that are latent actions, left as it is.
        on_save: called with the network so far whenever the state is saved.
    """
    shape = shape or config.policy
    network = build_policy(transitions.layout, num_targets=targets.shape[1], config=shape, vision=config.vision)
    if eye is not None:
        network.eye.load_state_dict(eye.state_dict())
        network.eye.requires_grad_(False)
    network.fit_scale(targets[is_target], least=1e-4 if decoder else LEAST_ACTION_STD)
    network.to(targets.device)
    begins = is_target.nonzero().flatten()

    def draw(draws: Draws, step: int) -> tuple[Tensor, Tensor | None, Tensor, Tensor]:
        indices = begins[draws.indices(len(begins), 2 * config.batch_size)]
        seen = transitions.seen(indices, shape.history)
        chunk, is_there = chunks(indices, transitions.last, shape.chunk)
        return seen.features, seen.frames, targets[chunk], is_there & is_target[chunk]

    imitation = Imitation(network, shape, targets=targets[is_target], decoder=decoder)
    trainer.fit("policy", imitation, draw, config.policy_optimizer, on_save=lambda _: on_save(network))
    return network


def chunks(
    indices: Int64[Tensor, "B"], last: Int64[Tensor, "N"], length: int
) -> tuple[Int64[Tensor, "B H"], Bool[Tensor, "B H"]]:
    """The transitions that follow each, itself first, and which of them there are before its episode ends."""
    following = indices[:, None] + torch.arange(length, device=indices.device)
    end = last[indices][:, None]
    return following.minimum(end), following <= end
