"""Who acts while episodes are recorded, and which of the episodes are worth keeping."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from clam_robot.interfaces import Policy
from clam_robot.types import EpisodeOutcome
from sim.base import SimulatedRobot
from sim.experts import ScriptedExpert
from sim.linear_expert import LinearExpert
from sim.linear_play import LinearPlay
from sim.play import PlayPolicy
from sim.policy_iterates import load_shipped
from sim.widowx_experts import expert_policy

Source = Literal["play", "expert"]

# Shares of the best policy's mean return: a demonstration reaches the first, play stays below the second.
EXPERT_SHARE = 0.8
PLAY_SHARE = 0.5


@dataclass(frozen=True, kw_only=True)
class Acting:
    """A source of actions for one robot.

    Attributes:
        policy: acts.
        is_wanted: whether a whole episode with this outcome is an example of the source: an expert's solves its task,
            play does not. Where the suite knows no success, returns decide.
    """

    policy: Policy
    is_wanted: Callable[[EpisodeOutcome], bool]


def make_source(source: Source, robot: SimulatedRobot, *, noise: float, seed: int) -> Acting:
    """The source of a simulated robot's actions.

    Args:
        source: "expert" or "play".
        robot: connected or not.
        noise: standard deviation of the expert's action noise, in action units.
        seed: of noise and play.

    Raises:
        UnknownRobot: there is no such source for this robot; names the tasks that have one.
        SpecMismatch: the robot lacks what the source needs; names it.
    """
    if robot.spec.name.startswith("dmcontrol:"):
        return _linear(source, robot, noise=noise, seed=seed)
    is_expert = source == "expert"
    if is_expert and robot.spec.name.startswith("widowx"):
        policy = expert_policy(robot.spec, robot.task, noise=noise, seed=seed)
        return Acting(policy=policy, is_wanted=lambda outcome: bool(outcome.success))
    policy = ScriptedExpert(robot, noise=noise, seed=seed) if is_expert else PlayPolicy(robot.spec, seed=seed)
    return Acting(policy=policy, is_wanted=lambda outcome: outcome.success == is_expert)


def _linear(source: Source, robot: SimulatedRobot, *, noise: float, seed: int) -> Acting:
    policies = load_shipped(robot.task)
    best = policies.best.mean_return

    def is_demonstration(outcome: EpisodeOutcome) -> bool:
        return is_short(outcome) or (outcome.episode_return or 0.0) >= EXPERT_SHARE * best

    def is_play(outcome: EpisodeOutcome) -> bool:
        return is_short(outcome) or (outcome.episode_return or 0.0) <= PLAY_SHARE * best

    def is_short(outcome: EpisodeOutcome) -> bool:
        """Returns are known of whole episodes; shorter ones cannot be judged and are kept."""
        return outcome.num_steps != policies.search.full_horizon

    if source == "expert":
        return Acting(policy=LinearExpert(robot.spec, policies, noise=noise, seed=seed), is_wanted=is_demonstration)
    return Acting(policy=LinearPlay(robot.spec, policies, seed=seed), is_wanted=is_play)
