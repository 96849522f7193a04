"""Settings by name: ours, which are the defaults, those for pictures and for torques, and those that the paper reports.

The paper's are for comparison, and for machines with a GPU: half a million updates of networks as wide take weeks on
two cores. Where code and text differ the code counts. What ours cannot say is ours: one learning rate for all (the
paper's decoder has 1e-3), as many layers forwards as backwards (its transformer has 3 forwards), feed-forward layers of
four times the width (its space-time transformer has eight times).
"""

from collections.abc import Mapping
from typing import Any

from clam_robot.models.features import FeatureConfig
from clam_robot.models.latent_action_model import LatentActionConfig
from clam_robot.models.latent_policy import PolicyConfig
from clam_robot.models.vision import VisionConfig
from clam_robot.training.config import TrainConfig
from clam_robot.training.trainer import OptimizerConfig

_WINDOW = FeatureConfig(past=1, future=1)
_PAPER: Mapping[str, Any] = {
    "decoder_layers": 3,
    "inverse_sees": "window",
    "action_every": 2,
    "action_loss": "mse",
}
_POLICY = PolicyConfig(hidden=1024, num_layers=2, dropout=0.0, latent_weight=1.0, decoded_weight=0.0)


def _optimizer(num_steps: int, weight_decay: float = 1e-3) -> OptimizerConfig:
    return OptimizerConfig(num_steps=num_steps, learning_rate=3e-4, warmup=25_000, weight_decay=weight_decay)


PRESETS: Mapping[str, TrainConfig] = {
    "ours": TrainConfig(),
    "images": TrainConfig(
        features=FeatureConfig(entries=("hand", "gripper")),
        vision=VisionConfig(camera="corner2", width=16, shrink=2),
        latent=LatentActionConfig(architecture="cnn"),
        batch_size=64,
        dynamics_optimizer=OptimizerConfig(num_steps=2000),
        policy_optimizer=OptimizerConfig(num_steps=3000),
    ),
    # What a torque does to joints depends on where they are and on what they touch; how far a hand was sent does not.
    "torques": TrainConfig(
        latent=LatentActionConfig(inverse_sees="window", dropout=0.2),
        dynamics_optimizer=OptimizerConfig(num_steps=5000),
        policy_optimizer=OptimizerConfig(num_steps=10_000),
    ),
    "paper-mlp": TrainConfig(
        features=_WINDOW,
        latent=LatentActionConfig(latent_dim=8, hidden=1024, num_layers=2, dropout=0.0, **_PAPER),
        policy=_POLICY,
        dynamics_optimizer=_optimizer(500_000),
        policy_optimizer=_optimizer(400_000),
        tuning_optimizer=_optimizer(200_000),
    ),
    "paper-transformer": TrainConfig(
        features=_WINDOW,
        latent=LatentActionConfig(
            architecture="transformer",
            latent_dim=8,
            hidden=512,
            num_layers=6,
            num_heads=8,
            dropout=0.1,
            **_PAPER,
        ),
        policy=_POLICY,
        dynamics_optimizer=_optimizer(200_000),
        policy_optimizer=_optimizer(400_000),
        tuning_optimizer=_optimizer(200_000),
    ),
    "paper-space-time": TrainConfig(
        features=FeatureConfig(past=1, future=1, entries=("hand", "gripper")),
        vision=VisionConfig(camera="corner2", size=64, patch=16),
        latent=LatentActionConfig(
            architecture="space-time",
            latent_dim=16,
            hidden=256,
            num_layers=3,
            num_heads=4,
            dropout=0.0,
            **_PAPER,
        ),
        policy=PolicyConfig(
            architecture="chunk", hidden=256, num_layers=4, chunk=5, latent_weight=1.0, decoded_weight=0.0
        ),
        batch_size=64,
        dynamics_optimizer=_optimizer(200_000, weight_decay=1e-2),
        policy_optimizer=_optimizer(100_000),
        tuning_optimizer=_optimizer(200_000),
    ),
}
