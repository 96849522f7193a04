"""Play on the DeepMind Control Suite: policies that random search passed on its way, and smooth noise.

These are the partly trained policies whose data the paper labels. An episode is made of segments; each takes another of
the policies and another strength and smoothness of noise, so that play meets the states of falling, crawling and
moving well, and all actions in them, and stays far from the expert's return.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from clam_robot.specs import RobotSpec
from clam_robot.types import ActionChunk, Observation
from sim.linear_expert import require_fit
from sim.linear_policy import LinearPolicy
from sim.ornstein_uhlenbeck import OrnsteinUhlenbeck
from sim.policy_iterates import PolicyIterates
from sim.scene_rng import scene_rng

# Policies of at most this share of the best return play.
SHARE = 0.8
# Ranges that are drawn from log-uniformly: length of a segment [control periods], standard deviation of the noise
# [action units], and control periods within which it is forgotten. Strong noise and short segments let inverse dynamics
# learned on play err less on demonstrations.
SEGMENT_STEPS = (5.0, 40.0)
NOISE = (0.1, 1.0)
MEMORY = (1.0, 15.0)


class LinearPlay:
    """Plays with a body until it is stopped.

    An episode is drawn from the seed and its first state (`scene_rng`).

    Args:
        spec: of the robot.
        policies: those of its task.
        seed: of everything drawn.

    Raises:
        SpecMismatch: the policies are for another body or rate; names what differs.
    """

    def __init__(self, spec: RobotSpec, policies: PolicyIterates, seed: int = 0) -> None:
        require_fit(spec, policies)
        self._spec = spec
        self._policies = tuple(iterate.policy for iterate in policies.below(SHARE) or policies.iterates[:1])
        self._seed = seed
        self._manners: Iterator[_Manner] | None = None
        self._noise = OrnsteinUhlenbeck(0, np.random.default_rng(seed))

    @property
    def spec(self) -> RobotSpec:
        """The robot it acts for."""
        return self._spec

    def reset(self) -> None:
        """Forget the episode; the next observation begins another."""
        self._manners = None

    def infer(self, observation: Observation) -> ActionChunk:
        """One action."""
        if self._manners is None:
            rng = scene_rng(self._seed, observation)
            self._manners = _manners(self._policies, rng)
            self._noise = OrnsteinUhlenbeck(len(self._spec.action), rng)
        action = self._action(next(self._manners), observation.state)
        return ActionChunk(
            actions=self._spec.action.clip(action, what="play action")[np.newaxis],
            observation_time=observation.time,
            dt=1.0 / self._spec.control_hz,
        )

    def _action(self, manner: "_Manner", state: Float32[np.ndarray, "S"]) -> np.ndarray:
        return manner.policy.act(state) + self._noise.step(std=manner.noise, correlation=manner.correlation)


@dataclass(frozen=True, kw_only=True)
class _Manner:
    """How a segment is played."""

    policy: LinearPolicy
    noise: float
    correlation: float


def _manners(policies: tuple[LinearPolicy, ...], rng: np.random.Generator) -> Iterator[_Manner]:
    """The manner of every control period."""
    while True:
        manner = _Manner(
            policy=policies[rng.integers(len(policies))],
            noise=_log_uniform(NOISE, rng),
            correlation=float(np.exp(-1.0 / _log_uniform(MEMORY, rng))),
        )
        for _ in range(round(_log_uniform(SEGMENT_STEPS, rng))):
            yield manner


def _log_uniform(bounds: tuple[float, float], rng: np.random.Generator) -> float:
    return float(np.exp(rng.uniform(*np.log(bounds))))
