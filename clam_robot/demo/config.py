"""What the demo does."""

from dataclasses import dataclass
from pathlib import Path

from clam_robot import config
from clam_robot.errors import ConfigError
from clam_robot.training.config import Method, TrainConfig
from clam_robot.training.trainer import OptimizerConfig


@dataclass(frozen=True, kw_only=True)
class DemoConfig(config.Strict):
    """What the demo does.

    Attributes:
        robot: the simulated robot.
        methods: what to train and compare.
        label_sets: disjoint draws of labelled play, and as many training seeds.
        num_labeled: labelled play episodes in each of them.
        num_demonstrations: unlabelled demonstrations.
        episodes: rollouts of each trained policy through its server.
        filmed: rollouts to film of each.
        camera: that films.
        workers: processes.
        dynamics_steps: updates of the latent action model, and of VPT's inverse dynamics.
        policy_steps: updates of every policy.
    """

    robot: str = "metaworld:assembly"
    methods: tuple[Method, ...] = ("clam", "vpt", "bc-play", "oracle")
    label_sets: int = 1
    num_labeled: int = 50
    num_demonstrations: int = 100
    episodes: int = 25
    filmed: int = 2
    camera: str = "corner2"
    workers: int = 2
    dynamics_steps: int = 2500
    policy_steps: int = 5000

    def __post_init__(self) -> None:
        for name in ("label_sets", "num_labeled", "num_demonstrations", "episodes", "workers"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}: expected at least 1, found {getattr(self, name)}")

    def training(self, method: Method, label_set: int, play: Path, demonstrations: Path) -> TrainConfig:
        """Configuration of one training run."""
        return TrainConfig(
            method=method,
            play=play,
            demonstrations=demonstrations,
            num_labeled=self.num_labeled,
            label_set=label_set,
            num_demonstrations=self.num_demonstrations,
            seed=label_set,
            dynamics_optimizer=OptimizerConfig(num_steps=self.dynamics_steps),
            policy_optimizer=OptimizerConfig(num_steps=self.policy_steps),
        )
