"""Demonstrations on the DeepMind Control Suite: the best policy that random search found."""

import numpy as np

from clam_robot.errors import SpecMismatch
from clam_robot.specs import RobotSpec
from clam_robot.types import ActionChunk, Observation
from sim.policy_iterates import PolicyIterates
from sim.scene_rng import scene_rng


class LinearExpert:
    """Acts as the best of a task's policies, with Gaussian noise on its actions.

    The noise of an episode is drawn from the seed and the episode's first state (`scene_rng`).

    Args:
        spec: of the robot.
        policies: those of its task.
        noise: standard deviation of the noise, in action units.
        seed: of the noise.

    Raises:
        SpecMismatch: the policies are for another body or rate; names what differs.
    """

    def __init__(self, spec: RobotSpec, policies: PolicyIterates, noise: float = 0.0, seed: int = 0) -> None:
        require_fit(spec, policies)
        self._spec = spec
        self._policy = policies.best.policy
        self._noise = noise
        self._seed = seed
        self._rng: np.random.Generator | None = None

    @property
    def spec(self) -> RobotSpec:
        """The robot it acts for."""
        return self._spec

    def reset(self) -> None:
        """Draw new noise from the next observation on."""
        self._rng = None

    def infer(self, observation: Observation) -> ActionChunk:
        """One action."""
        if self._rng is None:
            self._rng = scene_rng(self._seed, observation)
        action = self._policy.act(observation.state)
        action = action + self._rng.normal(0.0, self._noise, len(action))
        return ActionChunk(
            actions=self._spec.action.clip(action, what="expert action")[np.newaxis],
            observation_time=observation.time,
            dt=1.0 / self._spec.control_hz,
        )


def require_fit(spec: RobotSpec, policies: PolicyIterates) -> None:
    """Pass if the policies can drive the robot.

    Raises:
        SpecMismatch: another body or rate; names what differs.
    """
    policy = policies.best.policy
    pairs = {
        "entries of the state": (policy.num_states, len(spec.state)),
        "entries of the action": (policy.num_actions, len(spec.action)),
        "control_hz": (policies.control_hz, spec.control_hz),
    }
    differences = tuple(
        f"{name}: {expected} expected, {found} found" for name, (expected, found) in pairs.items() if expected != found
    )
    if differences:
        raise SpecMismatch(
            f"the policies of {policies.search.task} do not fit {spec.name}: {'; '.join(differences)};"
            " use the task and action repeat they were found for",
            differences,
        )
