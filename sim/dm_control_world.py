"""The DeepMind Control Suite's physics."""

import numpy as np
from dm_control import suite
from dm_control.rl.control import Environment, PhysicsError
from jaxtyping import Float32

from clam_robot.errors import SimulationDiverged
from sim.world import Judgement

# dm_control's quadruped calls this name, which numpy 2.4 no longer has.
if not hasattr(np, "in1d"):
    np.in1d = np.isin  # pyright: ignore[reportAttributeAccessIssue]


def load(domain: str, task: str, random: np.random.RandomState) -> Environment:
    """The suite's environment, drawing from `random` and without a time limit of its own."""
    return suite.load(domain, task, task_kwargs={"random": random, "time_limit": float("inf")})


class DmControlWorld:
    """One of the suite's environments."""

    def __init__(self, domain: str, task: str, *, action_repeat: int) -> None:
        # Environments draw from the generator they are built with; keeping hold of it makes their scenes repeatable.
        self._random = np.random.RandomState(0)
        self._env = load(domain, task, self._random)
        self._action_repeat = action_repeat
        self._state = np.zeros(0, np.float32)
        self.model = self._env.physics.model.ptr
        self.data = self._env.physics.data.ptr

    def reset(self, seed: int) -> None:
        """Draw the scene of `seed`."""
        self._random.seed(seed)
        self._state = flatten(self._env.reset().observation)

    def state(self) -> Float32[np.ndarray, "S"]:
        """The environment's observations, one after another."""
        return self._state.copy()

    def step(self, action: Float32[np.ndarray, "A"]) -> Judgement:
        """Repeat the action; rewards add up. The suite knows no success.

        Raises:
            SimulationDiverged: MuJoCo found the state invalid.
        """
        reward, is_over = 0.0, False
        for _ in range(self._action_repeat):
            try:
                time_step = self._env.step(action)
            except PhysicsError as error:
                raise SimulationDiverged(str(error)) from error
            self._state = flatten(time_step.observation)
            reward += float(time_step.reward or 0.0)
            is_over = time_step.last()
            if is_over:
                break
        return Judgement(reward=reward, success=False, is_over=is_over)


def flatten(observation: dict[str, np.ndarray]) -> Float32[np.ndarray, "S"]:
    """All observations in one vector, in the environment's order."""
    return np.concatenate([np.ravel(value) for value in observation.values()]).astype(np.float32)
