"""Everything that decides what a training run learns."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from clam_robot import config
from clam_robot.errors import ConfigError
from clam_robot.models.features import FeatureConfig
from clam_robot.models.latent_action_model import LatentActionConfig
from clam_robot.models.latent_policy import PolicyConfig
from clam_robot.training.trainer import OptimizerConfig

Method = Literal["clam", "vpt", "bc-play", "oracle"]


@dataclass(frozen=True, kw_only=True)
class TrainConfig(config.Strict):
    """What to learn, from what, and how.

    The defaults are the settings of the results in the README; they are the same for every task.

    Attributes:
        method: clam; vpt (inverse dynamics labels the demonstrations with actions); bc-play (behaviour cloning of the
            labelled play); oracle (behaviour cloning of the demonstrations with their true actions, as a ceiling).
        play: data set with labelled play episodes.
        demonstrations: data set of demonstrations; their actions are ignored by every method but the oracle.
        num_labeled: labelled play episodes to use.
        label_set: which disjoint draw of that many play episodes to use.
        num_demonstrations: demonstrations to use; all by default.
        seed: of initial weights, batches and dropout.
        batch_size: transitions per update, from demonstrations and from labelled play alike.
        threads: CPU threads; the state models are too small to gain from more than one.
        save_every: updates between two states on disk, from which an interrupted run goes on.
        device: where to train, "cpu" or "cuda".
        features: what the models see.
        latent: the latent action model.
        policy: the policy network.
        dynamics_optimizer: for the latent action model, and for VPT's inverse dynamics.
        policy_optimizer: for the policy.
    """

    method: Method = "clam"
    play: Path | None = None
    demonstrations: Path | None = None
    num_labeled: int = 50
    label_set: int = 0
    num_demonstrations: int | None = None
    seed: int = 0
    batch_size: int = 128
    threads: int = 1
    save_every: int = 500
    device: str = "cpu"
    features: FeatureConfig = field(default_factory=FeatureConfig)
    latent: LatentActionConfig = field(default_factory=LatentActionConfig)
    policy: PolicyConfig = field(default_factory=PolicyConfig)
    dynamics_optimizer: OptimizerConfig = field(default_factory=lambda: OptimizerConfig(num_steps=2500))
    policy_optimizer: OptimizerConfig = field(default_factory=lambda: OptimizerConfig(num_steps=5000))

    def __post_init__(self) -> None:
        for name in ("num_labeled", "num_demonstrations", "batch_size", "threads", "save_every", "label_set", "seed"):
            least = 0 if name in {"label_set", "seed"} else 1
            value = getattr(self, name)
            if value is not None and value < least:
                raise ConfigError(f"{name} must be at least {least}, found {value}")
