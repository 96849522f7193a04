"""MetaWorld's physics, goal observable."""

from typing import Literal

import mujoco
import numpy as np
from jaxtyping import Float32
from metaworld.env_dict import ALL_V3_ENVIRONMENTS_GOAL_OBSERVABLE

from sim.world import Judgement

# A forced close (+1) tilts what is held, so that even MetaWorld's own experts lose it; .6 is what most of them use.
CLOSING_EFFORT = 0.6
OPENING_EFFORT = -1.0


class MetaWorldWorld:
    """One of MetaWorld's 50 v3 scenes."""

    def __init__(
        self, task: str, *, gripper: Literal["binary", "continuous"], action_repeat: int, horizon: int
    ) -> None:
        self._env = ALL_V3_ENVIRONMENTS_GOAL_OBSERVABLE[f"{task}-v3-goal-observable"]()
        self._env.max_path_length = horizon * action_repeat
        self._is_binary = gripper == "binary"
        self._action_repeat = action_repeat
        self._state = np.zeros(0, np.float32)
        self.model = self._env.model
        self.data = self._env.data

    def reset(self, seed: int) -> None:
        """Set up the scene of `seed`."""
        # Its reset(seed=...) ignores the seed; scenes follow env.seed() only with these two switches.
        self._env.seeded_rand_vec = True
        self._env._freeze_rand_vec = False
        self._env.seed(seed)
        self._env.reset()
        observation = self._fresh_observation()
        space = self._env.sawyer_observation_space
        self._state = np.clip(observation, space.low, space.high).astype(np.float32)

    def state(self) -> Float32[np.ndarray, "39"]:
        """The 39 numbers of `metaworld_robot.STATE`."""
        return self._state.copy()

    def step(self, action: Float32[np.ndarray, "4"]) -> Judgement:
        """Repeat the action; rewards add up, success is that of the end."""
        command = action.copy()
        if self._is_binary:
            command[3] = CLOSING_EFFORT if action[3] > 0 else OPENING_EFFORT
        reward, success = 0.0, False
        for _ in range(self._action_repeat):
            observation, step_reward, _, _, info = self._env.step(command)
            self._state = observation.astype(np.float32)
            reward += float(step_reward)
            success = bool(info["success"])
        return Judgement(reward=reward, success=success)

    def _fresh_observation(self) -> np.ndarray:
        # Five scenes move bodies after their reset has looked at them, and nothing public looks again. Like its
        # step(), this puts the goal markers back, which forward kinematics misplaces.
        mujoco.mj_forward(self.model, self.data)  # pyright: ignore[reportAttributeAccessIssue]
        for marker in self._env._target_site_config:
            self._env._set_pos_site(*marker)
        observation = self._env._get_obs()
        num_now = (len(observation) - 3) // 2
        observation[num_now : 2 * num_now] = observation[:num_now]
        return observation
