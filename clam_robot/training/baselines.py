"""Stages that only the baselines have."""

import dataclasses

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from clam_robot.models.architectures import build_policy
from clam_robot.models.code_policy import CodePolicy
from clam_robot.models.embedding_dynamics import EmbeddingDynamics
from clam_robot.models.imitation import LEAST_ACTION_STD, Imitation
from clam_robot.models.inputs import Inputs
from clam_robot.models.latent_action_model import LatentActionModel
from clam_robot.models.latent_policy import PolicyNetwork
from clam_robot.training.config import TrainConfig
from clam_robot.training.draws import Draws
from clam_robot.training.stages import chunks, relabel
from clam_robot.training.trainer import Trainer
from clam_robot.training.transitions import Transitions


class Grounding(nn.Module):
    """A decoder fitted to latents that stay as they are."""

    def __init__(self, decoder: nn.Module) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(
        self, latent: Float[Tensor, "B Z"], action: Float[Tensor, "B A"]
    ) -> tuple[Float[Tensor, ""], dict[str, float]]:
        """Mean squared error."""
        return mse_loss(torch.tanh(self.decoder(latent)), action), {}


def ground(model: LatentActionModel, play: Transitions, config: TrainConfig, trainer: Trainer) -> None:
    """LAPO's last stage: the decoder of finished latents, on labelled play."""
    labeled = play.labeled()
    latents = relabel(play, model.encode)

    def draw(draws: Draws, step: int) -> tuple[Tensor, Tensor]:
        indices = labeled[draws.indices(len(labeled), config.batch_size)]
        return latents[indices], play.action[indices]

    trainer.fit("grounding", Grounding(model.action_decoder), draw, config.tuning_optimizer)


def train_code_policy(
    model: LatentActionModel, demonstrations: Transitions, config: TrainConfig, trainer: Trainer
) -> PolicyNetwork:
    """LAPA's second stage: which code comes next in the demonstrations."""

    def code_of(window: Inputs) -> Tensor:
        codes = model.latents(window).codes
        assert codes is not None
        return codes[:, 0]

    codes = relabel(demonstrations, code_of).long()
    size = int(codes.max()) + 1
    network = build_policy(
        demonstrations.layout,
        num_targets=codes.shape[1] * size,
        config=dataclasses.replace(config.policy, chunk=1),
        vision=config.vision,
    )

    def draw(draws: Draws, step: int) -> tuple[Tensor, Tensor | None, Tensor]:
        indices = draws.indices(len(codes), 2 * config.batch_size)
        seen = demonstrations.seen(indices, config.policy.history)
        return seen.features, seen.frames, codes[indices]

    trainer.fit("code_policy", CodePolicy(network, codes.shape[1]), draw, config.policy_optimizer)
    return network


def tune_on_play(code_policy: PolicyNetwork, play: Transitions, config: TrainConfig, trainer: Trainer) -> PolicyNetwork:
    """LAPA's last stage: another head on the same trunk, all of it tuned to labelled play."""
    network = build_policy(play.layout, num_targets=play.action.shape[1], config=config.policy, vision=config.vision)
    ours = network.state_dict()
    trunk = {name: weight for name, weight in code_policy.state_dict().items() if weight.shape == ours[name].shape}
    network.load_state_dict(ours | trunk)
    labeled = play.labeled()
    network.fit_scale(play.action[labeled], least=LEAST_ACTION_STD)
    network.to(play.action.device)
    imitation = Imitation(network, config.policy, targets=play.action[labeled])

    def draw(draws: Draws, step: int) -> tuple[Tensor, Tensor | None, Tensor, Tensor]:
        indices = labeled[draws.indices(len(labeled), 2 * config.batch_size)]
        seen = play.seen(indices, config.policy.history)
        chunk, is_there = chunks(indices, play.last, config.policy.chunk)
        return seen.features, seen.frames, play.action[chunk], is_there & play.is_labeled[chunk]

    trainer.fit("policy", imitation, draw, config.tuning_optimizer)
    return network


def train_embedding(demonstrations: Transitions, play: Transitions, config: TrainConfig, trainer: Trainer) -> nn.Module:
    """DynaMo's first stage: an eye, from the dynamics of demonstrations and play alike."""
    shape = config.policy
    eye = build_policy(demonstrations.layout, num_targets=1, config=shape, vision=config.vision).eye
    module = EmbeddingDynamics(
        eye,
        num_seen=shape.embedding if config.vision.camera is None else shape.hidden,
        latent_dim=config.latent.latent_dim,
        hidden=shape.hidden,
        num_layers=shape.num_layers,
        shift=config.vision.shift,
    )

    def draw(draws: Draws, step: int) -> tuple[Tensor, Tensor | None, Tensor, Tensor | None]:
        pairs = []
        for source in (demonstrations, play):
            indices = draws.indices(len(source), config.batch_size)
            following = (indices + 1).minimum(source.last[indices])
            pairs.append((source.seen(indices, shape.history), source.seen(following, shape.history)))
        present, following = (Inputs.join([pair[k] for pair in pairs]) for k in range(2))
        return present.features, present.frames, following.features, following.frames

    trainer.fit("embedding", module, draw, config.dynamics_optimizer)
    return eye
