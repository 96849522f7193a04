"""The stages the methods are made of: dynamics, relabelling, and a policy on targets."""

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from clam_robot.models.features import StateFeatures
from clam_robot.models.latent_action_model import LatentActionModel
from clam_robot.models.latent_policy import PolicyNetwork
from clam_robot.models.networks import mlp
from clam_robot.training.config import TrainConfig
from clam_robot.training.data import TrainingData
from clam_robot.training.trainer import Trainer
from clam_robot.training.transitions import Transitions

_RELABEL_BATCH = 4096


def fit_features(data: TrainingData, config: TrainConfig) -> StateFeatures:
    """Scales and means over everything the method may see."""
    features = StateFeatures(data.spec, config.features).to(config.device)
    now = config.features.past
    pairs = torch.cat([batch.states[:, now : now + 2] for source in data.sources for batch in source.batches()])
    features.fit(pairs[:, 0], pairs[:, 1] - pairs[:, 0])
    return features


def train_latent_action_model(
    demonstrations: Transitions, play: Transitions, features: StateFeatures, config: TrainConfig, trainer: Trainer
) -> LatentActionModel:
    """Stage 1 of CLAM: latent actions from demonstrations and play, grounded on the labelled play (paper section 4)."""
    model = LatentActionModel(
        num_context=features.num_context,
        num_present=features.num_present,
        num_change=features.num_change,
        num_actions=play.action.shape[1],
        config=config.latent,
    ).to(config.device)

    def loss(rng: np.random.Generator) -> tuple[Tensor, dict[str, float]]:
        batch = Transitions.join([source.draw(rng, config.batch_size) for source in (demonstrations, play)])
        return model.loss(
            context=batch.context,
            present=features.present_of(batch.context),
            change=features.change_of(batch.context),
            action=batch.action,
            is_labeled=batch.is_labeled,
        )

    trainer.fit("latent_actions", model, loss, config.dynamics_optimizer)
    return model


def train_inverse_dynamics(
    play: Transitions, features: StateFeatures, config: TrainConfig, trainer: Trainer
) -> nn.Module:
    """VPT: a window's action in [-1, 1] from labelled play alone, with CLAM's features and regularisers."""
    labeled = play.labeled()
    model = mlp(
        features.num_context,
        play.action.shape[1],
        hidden=config.latent.hidden,
        num_layers=config.latent.num_layers,
        dropout=config.latent.dropout,
    ).to(config.device)
    model.append(nn.Tanh())

    def loss(rng: np.random.Generator) -> tuple[Tensor, dict[str, float]]:
        batch = labeled.draw(rng, config.batch_size)
        return mse_loss(model(batch.context), batch.action), {}

    trainer.fit("inverse_dynamics", model, loss, config.dynamics_optimizer)
    return model


@torch.no_grad()
def relabel(transitions: Transitions, infer: Callable[[Float[Tensor, "B C"]], Tensor]) -> Float[Tensor, "N T"]:
    """Targets for every transition, inferred from its window alone."""
    return torch.cat([infer(context) for context in transitions.context.split(_RELABEL_BATCH)])


def train_policy(
    transitions: Transitions,
    targets: Float[Tensor, "N T"],
    features: StateFeatures,
    config: TrainConfig,
    trainer: Trainer,
    *,
    on_save: Callable[[PolicyNetwork], None] = lambda network: None,
) -> PolicyNetwork:
    """The last stage of every method: states to targets, which are latent actions or actions.

    Args:
        transitions: to imitate.
        targets: one per transition.
        features: fitted.
        config: of the run.
        trainer: of the run.
        on_save: called with the network so far whenever the state is saved.
    """
    present = features.present_of(transitions.context).contiguous()
    network = PolicyNetwork(num_present=features.num_present, num_targets=targets.shape[1], config=config.policy).to(
        config.device
    )
    network.fit_scale(targets)

    def loss(rng: np.random.Generator) -> tuple[Tensor, dict[str, float]]:
        chosen = torch.from_numpy(rng.integers(len(targets), size=2 * config.batch_size)).to(targets.device)
        return network.loss(present[chosen], targets[chosen]), {}

    trainer.fit("policy", network, loss, config.policy_optimizer, on_save=lambda _: on_save(network))
    return network
