"""Everything that decides what a training run learns."""

from dataclasses import dataclass, field
from typing import Literal

from clam_robot import config
from clam_robot.episodes.stores.place import Place
from clam_robot.errors import ConfigError
from clam_robot.models.features import FeatureConfig
from clam_robot.models.latent_action_model import LatentActionConfig
from clam_robot.models.latent_policy import PolicyConfig
from clam_robot.models.vision import VisionConfig
from clam_robot.training.trainer import OptimizerConfig

Method = Literal["clam", "vpt", "lapo", "lapa", "dynamo", "bc-play", "oracle"]


@dataclass(frozen=True, kw_only=True)
class TrainConfig(config.Strict):
    """What to learn, from what, and how.

    The defaults are the settings of the results in the README; they are the same for every task.

    Attributes:
        method: what to learn:
            clam, latent actions grounded on play;
            vpt, inverse dynamics learned on play labels the demonstrations (arXiv 2206.11795);
            lapo, discrete latent actions, grounded afterwards (arXiv 2312.10812);
            lapa, a policy of discrete latent actions, then tuned on play (arXiv 2410.11758);
            dynamo, an embedding learned by dynamics, then behaviour cloning of play (arXiv 2409.12192);
            bc-play, behaviour cloning of play;
            oracle, behaviour cloning of the demonstrations with their true actions, as a ceiling.
        play: data set with labelled play episodes, path or URL.
        demonstrations: data set of demonstrations, path or URL; every method but the oracle ignores their actions.
        num_labeled: labelled play episodes to use.
        label_set: which disjoint draw of that many play episodes to use.
        num_demonstrations: demonstrations to use; all by default.
        seed: of initial weights, batches and dropout.
        batch_size: transitions per update, from demonstrations and from labelled play alike.
        threads: CPU threads; the state models are too small to gain from more than one.
        save_every: updates between two states on disk, from which an interrupted run goes on.
        device: where to train; auto takes a GPU where there is one.
        devices: processes that share every batch, each on a GPU of its own or on the CPU.
        precision: of computation; bf16-mixed keeps weights in 32 bits. Half floats need a loss scale, which a resumed
            run would have to go on with.
        features: what the models see of the state.
        vision: what they see through a camera.
        latent: the latent action model.
        policy: the policy network.
        dynamics_optimizer: for the latent action model, VPT's inverse dynamics and DynaMo's embedding.
        policy_optimizer: for the policy.
        tuning_optimizer: for what LAPO and LAPA do on play in the end.
    """

    method: Method = "clam"
    play: Place | None = None
    demonstrations: Place | None = None
    num_labeled: int = 50
    label_set: int = 0
    num_demonstrations: int | None = None
    seed: int = 0
    batch_size: int = 128
    threads: int = 1
    save_every: int = 500
    device: Literal["auto", "cpu", "cuda"] = "auto"
    devices: int = 1
    precision: Literal["32-true", "bf16-mixed"] = "32-true"
    features: FeatureConfig = field(default_factory=FeatureConfig)
    vision: VisionConfig = field(default_factory=VisionConfig)
    latent: LatentActionConfig = field(default_factory=LatentActionConfig)
    policy: PolicyConfig = field(default_factory=PolicyConfig)
    dynamics_optimizer: OptimizerConfig = field(default_factory=lambda: OptimizerConfig(num_steps=2500))
    policy_optimizer: OptimizerConfig = field(default_factory=lambda: OptimizerConfig(num_steps=5000))
    tuning_optimizer: OptimizerConfig = field(default_factory=lambda: OptimizerConfig(num_steps=2500))

    def __post_init__(self) -> None:
        least_of = dict.fromkeys(("num_labeled", "num_demonstrations", "batch_size", "threads", "save_every"), 1)
        for name, least in (least_of | {"devices": 1, "label_set": 0, "seed": 0}).items():
            value = getattr(self, name)
            if value is not None and value < least:
                raise ConfigError(f"{name} must be at least {least}, found {value}")
        if self.vision.encoder is not None and self.vision.camera is None:
            raise ConfigError(
                f"vision.encoder: expected a camera whose frames it is for, found none for {self.vision.encoder}; "
                "name one with --vision.camera, or leave --vision.encoder away to learn from states"
            )
