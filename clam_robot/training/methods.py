"""The methods: CLAM and its baselines, under the same data, features and sizes. Each ends in an actor."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from clam_robot.errors import ConfigError
from clam_robot.models.action_scale import ActionScale
from clam_robot.models.actor import Actor
from clam_robot.models.architectures import build_inverse_dynamics, build_latent_action_model, build_policy
from clam_robot.models.features import NOTHING, StateFeatures
from clam_robot.models.latent_action_model import LatentActionConfig
from clam_robot.models.latent_policy import PolicyConfig, PolicyNetwork
from clam_robot.specs import RobotSpec
from clam_robot.training.baselines import ground, train_code_policy, train_embedding, tune_on_play
from clam_robot.training.config import Method, TrainConfig
from clam_robot.training.data import TrainingData
from clam_robot.training.diagnostics import Diagnostics, diagnose
from clam_robot.training.stages import (
    fit_features,
    relabel,
    train_inverse_dynamics,
    train_latent_action_model,
    train_policy,
)
from clam_robot.training.trainer import Trainer
from clam_robot.training.transitions import Transitions


@dataclass(frozen=True, kw_only=True)
class Trained:
    """What a method ends in.

    Attributes:
        actor: acts.
        policy: shape of its network.
        latent: shape of its latent actions; None where it speaks in actions.
        diagnostics: of its latent actions; None without labelled play to judge by.
    """

    actor: Actor
    policy: PolicyConfig
    latent: LatentActionConfig | None = None
    diagnostics: Diagnostics | None = None


OnTrained = Callable[[Trained], None]
Recipe = Callable[[TrainingData, TrainConfig, Trainer, OnTrained], Trained]


# A linear decoder suits latents that labels have shaped; codes of dynamics alone need more.
_LAYERS_ON_CODES = 2


def effective(config: TrainConfig) -> TrainConfig:
    """The configuration with what its method brings along: LAPO and LAPA are discrete, and no label trains latents."""
    latent, policy = config.latent, config.policy
    if config.method in {"lapo", "lapa"}:
        kind = latent.bottleneck.kind
        bottleneck = dataclasses.replace(latent.bottleneck, kind="vq" if kind in {"continuous", "gaussian"} else kind)
        latent = dataclasses.replace(
            latent,
            bottleneck=bottleneck,
            is_joint=False,
            action_weight=0.0,
            decoder_layers=latent.decoder_layers or _LAYERS_ON_CODES,
        )
    if config.method == "dynamo" and config.vision.camera is None and not policy.embedding:
        policy = dataclasses.replace(policy, embedding=policy.hidden)
    return dataclasses.replace(config, latent=latent, policy=policy)


def require_networks(spec: RobotSpec, config: TrainConfig) -> None:
    """Build what a method trains once, untrained, so that what does not fit is said before anything is trained.

    Raises:
        ConfigError: settings that do not go together, or not with the robot.
        CheckpointError: the pretrained encoder is missing, damaged or for other frames.
    """
    config = effective(config)
    if config.features.entries == NOTHING and config.vision.camera is None:
        raise ConfigError("entries: nothing of the state and no camera leave nothing to see; name a camera, or entries")
    layout, num_actions = StateFeatures(spec, config.features).layout, len(spec.action)
    build_policy(layout, num_targets=num_actions, config=config.policy, vision=config.vision)
    if config.method in {"clam", "lapo", "lapa"}:
        build_latent_action_model(layout, num_actions=num_actions, config=config.latent, vision=config.vision)
    elif config.method == "vpt":
        build_inverse_dynamics(layout, num_inferred=num_actions, config=config.latent, vision=config.vision)


def train_clam(data: TrainingData, config: TrainConfig, trainer: Trainer, on_trained: OnTrained) -> Trained:
    """Latent actions grounded on play, demonstrations relabelled with them, a latent policy behind the decoder.

    LAPO is the same with discrete latents that no label has trained, and a decoder fitted to play in the end.
    """
    features, demonstrations, play = _open(data, config, trainer)
    model = train_latent_action_model(demonstrations, play, config, trainer)
    if config.method == "lapo":
        ground(model, play, config, trainer)
    latents = relabel(demonstrations, model.encode)
    diagnostics = None
    if data.held_out is not None:
        held_out, names = Transitions.of(data.held_out, features), data.spec.action.names
        diagnostics = diagnose(model, play, held_out, demonstrations, action_names=names)
        trainer.note("diagnostics", diagnostics.scalars())

    def trained(network: PolicyNetwork) -> Trained:
        actor = _actor(data, config, features, network, model.action_decoder)
        return Trained(actor=actor, policy=config.policy, latent=config.latent, diagnostics=diagnostics)

    every = torch.ones_like(demonstrations.is_labeled)
    network = train_policy(
        demonstrations,
        latents,
        every,
        config,
        trainer,
        decoder=model.action_decoder,
        on_save=lambda network: on_trained(trained(network)),
    )
    return trained(network)


def train_vpt(data: TrainingData, config: TrainConfig, trainer: Trainer, on_trained: OnTrained) -> Trained:
    """Demonstrations labelled by inverse dynamics learned on play, then cloned."""
    features, demonstrations, play = _open(data, config, trainer)
    inverse_dynamics = train_inverse_dynamics(play, config, trainer)
    actions = relabel(demonstrations, inverse_dynamics.infer)

    def trained(network: PolicyNetwork) -> Trained:
        return Trained(actor=_actor(data, config, features, network, None), policy=config.policy)

    every = torch.ones_like(demonstrations.is_labeled)
    network = train_policy(
        demonstrations, actions, every, config, trainer, on_save=lambda network: on_trained(trained(network))
    )
    return trained(network)


def train_lapa(data: TrainingData, config: TrainConfig, trainer: Trainer, on_trained: OnTrained) -> Trained:
    """A policy learns which discrete latent action the demonstrations take, then is tuned to play's actions."""
    features, demonstrations, play = _open(data, config, trainer)
    model = train_latent_action_model(demonstrations, play, config, trainer)
    code_policy = train_code_policy(model, demonstrations, config, trainer)
    network = tune_on_play(code_policy, play, config, trainer)
    return Trained(actor=_actor(data, config, features, network, None), policy=config.policy)


def train_dynamo(data: TrainingData, config: TrainConfig, trainer: Trainer, on_trained: OnTrained) -> Trained:
    """Behaviour cloning of play on an embedding that dynamics of demonstrations and play have shaped."""
    features, demonstrations, play = _open(data, config, trainer)
    eye = train_embedding(demonstrations, play, config, trainer)

    def trained(network: PolicyNetwork) -> Trained:
        return Trained(actor=_actor(data, config, features, network, None), policy=config.policy)

    network = train_policy(
        play,
        play.action,
        play.is_labeled,
        config,
        trainer,
        eye=eye,
        on_save=lambda network: on_trained(trained(network)),
    )
    return trained(network)


def train_behavior_cloning(data: TrainingData, config: TrainConfig, trainer: Trainer, on_trained: OnTrained) -> Trained:
    """Labelled observations cloned: those of play, or the demonstrations for the oracle."""
    source = data.play if data.play is not None else data.demonstrations
    assert source is not None
    features = fit_features(data, config, trainer.fabric.device)
    labeled = Transitions.of(source, features)

    def trained(network: PolicyNetwork) -> Trained:
        return Trained(actor=_actor(data, config, features, network, None), policy=config.policy)

    network = train_policy(
        labeled,
        labeled.action,
        labeled.is_labeled,
        config,
        trainer,
        on_save=lambda network: on_trained(trained(network)),
    )
    return trained(network)


RECIPES: dict[Method, Recipe] = {
    "clam": train_clam,
    "vpt": train_vpt,
    "lapo": train_clam,
    "lapa": train_lapa,
    "dynamo": train_dynamo,
    "bc-play": train_behavior_cloning,
    "oracle": train_behavior_cloning,
}


def _open(data: TrainingData, config: TrainConfig, trainer: Trainer) -> tuple[StateFeatures, Transitions, Transitions]:
    assert data.demonstrations is not None and data.play is not None
    features = fit_features(data, config, trainer.fabric.device)
    return features, Transitions.of(data.demonstrations, features), Transitions.of(data.play, features)


def _actor(
    data: TrainingData,
    config: TrainConfig,
    features: StateFeatures,
    network: PolicyNetwork,
    decoder: nn.Module | None,
) -> Actor:
    scale = ActionScale(data.spec.action).to(features.mean.device)
    return Actor(features=features, network=network, decoder=decoder, scale=scale, frame_size=config.vision.size)
