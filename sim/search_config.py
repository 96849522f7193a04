"""How a random search is done."""

from dataclasses import dataclass

from clam_robot import config
from clam_robot.errors import ConfigError
from sim.dm_control_tasks import SUITE_STEPS, domain_and_task


@dataclass(frozen=True, kw_only=True)
class SearchConfig(config.Strict):
    """A search for a linear policy by CMA-ES.

    Attributes:
        task: "domain-task" of the DeepMind Control Suite.
        seed: of everything drawn.
        action_repeat: simulator control steps per action; the policies are for this one only.
        generations: of candidates; the budget.
        population: candidates per generation.
        num_scenes: episodes per candidate; the same scenes for all candidates of a generation.
        horizon: control periods of these episodes. Short ones tell as much of a gait and cost less.
        sigma: first step size, in actions per standard deviation of an observation.
        test_every: generations between tests of the mean of the search over full episodes.
        num_tests: scenes of such a test, always the same.
        num_stated: scenes of the full episodes that stated returns are measured over; the search never sees them.
        guidance: weight of guidance (`Readings.guidance`) beside the return where candidates are compared; tests and
            stated returns are the suite's own. Hopping needs some: its reward is zero until the body stands.
        num_kept: policies kept at the end, spread evenly over the returns.
    """

    task: str = "cheetah-run"
    seed: int = 0
    action_repeat: int = 2
    generations: int = 1000
    population: int = 24
    num_scenes: int = 1
    horizon: int = 250
    sigma: float = 0.3
    test_every: int = 10
    num_tests: int = 8
    num_stated: int = 20
    guidance: float = 0.0
    num_kept: int = 8

    def __post_init__(self) -> None:
        domain_and_task(self.task)
        at_least = dict.fromkeys(
            ("action_repeat", "generations", "num_scenes", "horizon", "test_every", "num_tests", "num_stated"), 1
        ) | {"seed": 0, "guidance": 0, "num_kept": 2, "population": 4}
        for name, least in at_least.items():
            if getattr(self, name) < least:
                raise ConfigError(f"{name} must be at least {least}, found {getattr(self, name)}")
        if self.sigma <= 0:
            raise ConfigError(f"sigma must be positive, found {self.sigma}")

    @property
    def full_horizon(self) -> int:
        """Control periods of the suite's own episode."""
        return max(1, SUITE_STEPS // self.action_repeat)
