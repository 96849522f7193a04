"""The four recipes: CLAM, VPT, behaviour cloning of play, and the oracle. Each ends in an actor."""

from collections.abc import Callable

from torch import nn

from clam_robot.models.action_scale import ActionScale
from clam_robot.models.actor import Actor
from clam_robot.models.features import StateFeatures
from clam_robot.models.latent_policy import PolicyNetwork
from clam_robot.training.config import Method, TrainConfig
from clam_robot.training.data import TrainingData
from clam_robot.training.stages import (
    fit_features,
    relabel,
    train_inverse_dynamics,
    train_latent_action_model,
    train_policy,
)
from clam_robot.training.trainer import Trainer
from clam_robot.training.transitions import Transitions

Recipe = Callable[[TrainingData, TrainConfig, Trainer, Callable[[Actor], None]], Actor]


def train_clam(data: TrainingData, config: TrainConfig, trainer: Trainer, on_actor: Callable[[Actor], None]) -> Actor:
    """Latent actions grounded on play, demonstrations relabelled with them, a latent policy behind the decoder."""
    assert data.demonstrations is not None and data.play is not None
    features = fit_features(data, config)
    demonstrations = Transitions.of(data.demonstrations, features)
    model = train_latent_action_model(demonstrations, Transitions.of(data.play, features), features, config, trainer)
    latents = relabel(demonstrations, model.encode)

    def actor(network: PolicyNetwork) -> Actor:
        return _actor(data, features, network, model.action_decoder)

    network = train_policy(
        demonstrations, latents, features, config, trainer, on_save=lambda network: on_actor(actor(network))
    )
    return actor(network)


def train_vpt(data: TrainingData, config: TrainConfig, trainer: Trainer, on_actor: Callable[[Actor], None]) -> Actor:
    """Demonstrations labelled by inverse dynamics learned on play, then cloned (VPT, arXiv 2206.11795)."""
    assert data.demonstrations is not None and data.play is not None
    features = fit_features(data, config)
    demonstrations = Transitions.of(data.demonstrations, features)
    inverse_dynamics = train_inverse_dynamics(Transitions.of(data.play, features), features, config, trainer)
    network = train_policy(
        demonstrations,
        relabel(demonstrations, inverse_dynamics),
        features,
        config,
        trainer,
        on_save=lambda network: on_actor(_actor(data, features, network, None)),
    )
    return _actor(data, features, network, None)


def train_behavior_cloning(
    data: TrainingData, config: TrainConfig, trainer: Trainer, on_actor: Callable[[Actor], None]
) -> Actor:
    """True actions cloned: of the play, or of the demonstrations for the oracle."""
    source = data.play if data.play is not None else data.demonstrations
    assert source is not None
    features = fit_features(data, config)
    labeled = Transitions.of(source, features).labeled()
    network = train_policy(
        labeled,
        labeled.action,
        features,
        config,
        trainer,
        on_save=lambda network: on_actor(_actor(data, features, network, None)),
    )
    return _actor(data, features, network, None)


RECIPES: dict[Method, Recipe] = {
    "clam": train_clam,
    "vpt": train_vpt,
    "bc-play": train_behavior_cloning,
    "oracle": train_behavior_cloning,
}


def _actor(data: TrainingData, features: StateFeatures, network: PolicyNetwork, decoder: nn.Module | None) -> Actor:
    scale = ActionScale(data.spec.action).to(features.mean.device)
    return Actor(features=features, network=network, decoder=decoder, scale=scale)
