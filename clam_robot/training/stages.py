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
from clam_robot.training.data import Batch, TrainingData, TransitionSource
from clam_robot.training.trainer import Trainer

_RELABEL_BATCH = 4096


def fit_features(data: TrainingData, config: TrainConfig) -> StateFeatures:
    """Scales and means over everything the method may see."""
    features = StateFeatures(data.spec, config.features).to(config.device)
    states = torch.cat([source.all().states for source in data.sources])
    now = config.features.past
    features.fit(states[:, now], states[:, now + 1] - states[:, now])
    return features


def train_latent_action_model(
    data: TrainingData, features: StateFeatures, config: TrainConfig, trainer: Trainer
) -> LatentActionModel:
    """Stage 1 of CLAM: latent actions from demonstrations and play, grounded on the labelled play (paper section 4)."""
    assert data.play is not None and data.demonstrations is not None
    play, demonstrations = data.play, data.demonstrations
    model = LatentActionModel(
        num_context=features.num_context,
        num_present=features.num_present,
        num_change=features.num_change,
        num_actions=len(data.spec.action),
        config=config.latent,
    ).to(config.device)

    def loss(rng: np.random.Generator) -> tuple[Tensor, dict[str, float]]:
        batch = Batch.join([demonstrations.draw(rng, config.batch_size), play.draw(rng, config.batch_size)])
        present, following = _now_and_next(batch, config)
        return model.loss(
            context=features.context(batch.states),
            present=features.present(present),
            change=features.change(present, following),
            action=batch.action,
            is_labeled=batch.is_labeled,
        )

    trainer.fit("latent_actions", model, loss, config.dynamics_optimizer)
    return model


def train_inverse_dynamics(
    data: TrainingData, features: StateFeatures, config: TrainConfig, trainer: Trainer
) -> nn.Module:
    """VPT: a window's action in [-1, 1] from labelled play alone, with CLAM's features and regularisers."""
    assert data.play is not None
    play = data.play
    model = mlp(
        features.num_context,
        len(data.spec.action),
        hidden=config.latent.hidden,
        num_layers=config.latent.num_layers,
        dropout=config.latent.dropout,
    ).to(config.device)
    model.append(nn.Tanh())

    def loss(rng: np.random.Generator) -> tuple[Tensor, dict[str, float]]:
        batch = play.draw(rng, config.batch_size)
        error = mse_loss(model(features.context(batch.states))[batch.is_labeled], batch.action[batch.is_labeled])
        return error, {}

    trainer.fit("inverse_dynamics", model, loss, config.dynamics_optimizer)
    return model


@torch.inference_mode()
def relabel(
    source: TransitionSource, infer: Callable[[Float[Tensor, "B C"]], Tensor], features: StateFeatures
) -> Float[Tensor, "N T"]:
    """Targets for every transition of `source`, inferred from its window alone."""
    chunks = np.array_split(np.arange(len(source)), max(1, len(source) // _RELABEL_BATCH))
    return torch.cat([infer(features.context(source.take(chunk).states)) for chunk in chunks]).clone()


def true_actions(source: TransitionSource) -> tuple[np.ndarray, Float[Tensor, "N A"]]:
    """Transitions that carry an action, and their actions in [-1, 1]."""
    batch = source.all()
    return np.flatnonzero(batch.is_labeled.cpu().numpy()), batch.action


def train_policy(
    source: TransitionSource,
    targets: Float[Tensor, "N T"],
    features: StateFeatures,
    config: TrainConfig,
    trainer: Trainer,
    *,
    indices: np.ndarray | None = None,
    on_save: Callable[[PolicyNetwork], None] = lambda network: None,
) -> PolicyNetwork:
    """The last stage of every method: states to targets, which are latent actions or actions.

    Args:
        source: the transitions to imitate.
        targets: one per transition.
        features: fitted.
        config: of the run.
        trainer: of the run.
        indices: transitions to use; all by default.
        on_save: called with the network so far whenever the state is saved.
    """
    usable = np.arange(len(source)) if indices is None else indices
    network = PolicyNetwork(num_present=features.num_present, num_targets=targets.shape[1], config=config.policy).to(
        config.device
    )
    network.fit_scale(targets[usable])
    now = config.features.past

    def loss(rng: np.random.Generator) -> tuple[Tensor, dict[str, float]]:
        chosen = usable[rng.integers(len(usable), size=2 * config.batch_size)]
        present = features.present(source.take(chosen).states[:, now])
        return network.loss(present, targets[chosen]), {}

    trainer.fit("policy", network, loss, config.policy_optimizer, on_save=lambda _: on_save(network))
    return network


def _now_and_next(batch: Batch, config: TrainConfig) -> tuple[Tensor, Tensor]:
    now = config.features.past
    return batch.states[:, now], batch.states[:, now + 1]
