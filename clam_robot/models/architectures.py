"""Networks by the names that configurations give them."""

from clam_robot.errors import ConfigError
from clam_robot.models.bottleneck import Bottleneck
from clam_robot.models.cnn_dynamics import CnnForward, CnnInverse
from clam_robot.models.dynamics import ForwardDynamics, InverseDynamics
from clam_robot.models.latent_action_model import LatentActionConfig, LatentActionModel
from clam_robot.models.latent_policy import EmbeddingEye, PolicyConfig, PolicyNetwork, StateEye
from clam_robot.models.mlp_dynamics import MlpForward, MlpInverse
from clam_robot.models.space_time_dynamics import SpaceTimeForward, SpaceTimeInverse
from clam_robot.models.transformer_dynamics import TransformerForward, TransformerInverse
from clam_robot.models.vision import CameraEye, VisionConfig
from clam_robot.models.window_layout import WindowLayout


def build_latent_action_model(
    layout: WindowLayout, *, num_actions: int, config: LatentActionConfig, vision: VisionConfig
) -> LatentActionModel:
    """An untrained latent action model.

    Raises:
        ConfigError: the architecture needs a camera and there is none, or the other way round; or the window is too
            short for `num_steps`.
    """
    num_inferred = Bottleneck(config.latent_dim, config.bottleneck).num_inputs
    return LatentActionModel(
        build_inverse_dynamics(layout, num_inferred=num_inferred, config=config, vision=vision),
        _forward_dynamics(layout, config, vision),
        num_actions=num_actions,
        config=config,
        shift=vision.shift,
    )


def build_inverse_dynamics(
    layout: WindowLayout, *, num_inferred: int, config: LatentActionConfig, vision: VisionConfig
) -> InverseDynamics:
    """Untrained inverse dynamics.

    Raises:
        ConfigError: as `build_latent_action_model`.
    """
    _require_fit(layout, config, vision)
    shape = {"num_inferred": num_inferred, "hidden": config.hidden, "num_layers": config.num_layers}
    sees, dropout = config.inverse_sees, config.dropout
    match config.architecture:
        case "mlp":
            return MlpInverse(layout, sees=sees, **shape, dropout=dropout)
        case "transformer":
            heads = {"num_heads": config.num_heads, "num_steps": config.num_steps}
            return TransformerInverse(layout, sees=sees, **shape, dropout=dropout, **heads)
        case "cnn":
            return CnnInverse(layout, vision, sees=sees, **shape, dropout=dropout)
        case "space-time":
            return SpaceTimeInverse(layout, vision, sees=sees, **shape, dropout=dropout, num_heads=config.num_heads)


def _forward_dynamics(layout: WindowLayout, config: LatentActionConfig, vision: VisionConfig) -> ForwardDynamics:
    shape = {"latent_dim": config.latent_dim, "hidden": config.hidden, "num_layers": config.num_layers}
    match config.architecture:
        case "mlp":
            return MlpForward(layout, **shape, num_steps=config.num_steps)
        case "transformer":
            return TransformerForward(layout, **shape, num_heads=config.num_heads, num_steps=config.num_steps)
        case "cnn":
            return CnnForward(layout, vision, **shape)
        case "space-time":
            return SpaceTimeForward(layout, vision, **shape, num_heads=config.num_heads)


def build_policy(
    layout: WindowLayout, *, num_targets: int, config: PolicyConfig, vision: VisionConfig
) -> PolicyNetwork:
    """An untrained policy network.

    Raises:
        ConfigError: the window is too short for its history.
    """
    if config.history > layout.past:
        raise ConfigError(f"history: expected at most features.past {layout.past}, found {config.history}")
    num_features = layout.num_history(config.history)
    if vision.camera is not None:
        eye = CameraEye(
            num_features=num_features, num_frames=config.history + 1, num_outputs=config.hidden, config=vision
        )
        return PolicyNetwork(eye, num_seen=config.hidden, num_targets=num_targets, config=config)
    if config.embedding:
        embedding = EmbeddingEye(num_features, config)
        return PolicyNetwork(embedding, num_seen=config.embedding, num_targets=num_targets, config=config)
    return PolicyNetwork(StateEye(), num_seen=num_features, num_targets=num_targets, config=config)


def _require_fit(layout: WindowLayout, config: LatentActionConfig, vision: VisionConfig) -> None:
    looks = config.architecture in {"cnn", "space-time"}
    if looks and vision.camera is None:
        raise ConfigError(f"architecture {config.architecture} looks at frames; name a camera with --vision.camera")
    if not looks and vision.camera is not None:
        raise ConfigError(
            f"architecture {config.architecture} sees states alone; choose cnn or space-time for {vision.camera}"
        )
    if config.num_steps > layout.future:
        raise ConfigError(f"num_steps: expected at most features.future {layout.future}, found {config.num_steps}")
    if config.num_steps > 1 and looks:
        raise ConfigError(f"num_steps: frames are predicted one step ahead, found {config.num_steps}")
