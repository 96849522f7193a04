"""Many copies of one of the suite's tasks, stepped side by side in one process.

The copies share the physics model and skip dm_control's bookkeeping per step, which costs more than the physics of a
planar body. They take the same MuJoCo calls in the same order as `dm_control.mujoco.Physics.step`, so episodes are
bit-equal to the suite's own.
"""

import copy
from collections.abc import Sequence
from typing import Any

import mujoco
import numpy as np
from jaxtyping import Float32, Float64

from clam_robot.errors import SimulationDiverged
from sim.dm_control_readings import Readings, readings_of
from sim.dm_control_world import load

_MUJOCO: Any = mujoco  # its functions are compiled and have no types
_DIVERGED = [int(getattr(_MUJOCO.mjtWarning, f"mjWARN_BAD{what}")) for what in ("QPOS", "QVEL", "QACC", "CTRL")]


class DmControlBatch:
    """Copies of a task; copy i goes on where scene i of the last `reset` began.

    Args:
        domain: of the suite: "cheetah", "hopper" or "walker".
        task: of the domain.
        action_repeat: simulator control steps per action.

    Raises:
        UnknownRobot: a domain whose observations and rewards are not known here; lists those that are.
    """

    def __init__(self, domain: str, task: str, *, action_repeat: int) -> None:
        self._random = np.random.RandomState(0)
        self._env = load(domain, task, self._random)
        self._model = self._env.physics.model.ptr
        self._readings_type = readings_of(domain, task)
        self._num_substeps = round(self._env.control_timestep() / self._env.physics.timestep())
        self._action_repeat = action_repeat
        self._scenes: dict[int, Any] = {}
        self._copies: list[Any] = []
        self._controls: list[np.ndarray] = []
        self._warnings: list[np.ndarray] = []
        self._readings: Readings | None = None

    @property
    def control_hz(self) -> float:
        """Control periods per second."""
        return 1.0 / (self._env.control_timestep() * self._action_repeat)

    @property
    def num_actions(self) -> int:
        """Entries of an action."""
        return int(self._model.nu)

    def reset(self, seeds: Sequence[int]) -> Float32[np.ndarray, "N S"]:
        """Begin one episode per seed, each in the scene `DmControlWorld.reset(seed)` sets up; the observations."""
        self._copies = [copy.copy(self._scene(seed)) for seed in seeds]
        self._controls = [data.ctrl for data in self._copies]
        self._warnings = [data.warning.number for data in self._copies]
        self._readings = self._readings_type(self._model, self._copies)
        return self._readings.observations()

    def step(self, actions: Float32[np.ndarray, "N A"]) -> tuple[Float32[np.ndarray, "N S"], Float64[np.ndarray, "N"]]:
        """Simulate one control period of each copy; observations after it and rewards summed over it.

        Raises:
            SimulationDiverged: the physics of a copy left the finite numbers.
        """
        assert self._readings is not None, "reset() comes first"
        rewards = np.zeros(len(self._copies))
        for control, action in zip(self._controls, actions, strict=True):
            control[:] = action
        for _ in range(self._action_repeat):
            for data in self._copies:
                _MUJOCO.mj_step2(self._model, data)
                if self._num_substeps > 1:
                    _MUJOCO.mj_step(self._model, data, self._num_substeps - 1)
                _MUJOCO.mj_step1(self._model, data)
            rewards += self._readings.rewards()
        observations = self._readings.observations()
        # MuJoCo resets what diverges and goes on; only its count of warnings tells.
        broken = np.array(self._warnings)[:, _DIVERGED].any(axis=1)
        if broken.any():
            raise SimulationDiverged(f"copy {int(broken.argmax())} of {len(self._copies)} left the finite numbers")
        return observations, rewards

    def guidance(self) -> Float64[np.ndarray, "N"]:
        """How close each copy is to being rewarded, 0 to 1; see `Readings.guidance`."""
        assert self._readings is not None, "reset() comes first"
        return self._readings.guidance()

    def _scene(self, seed: int) -> Any:  # noqa: ANN401
        if seed not in self._scenes:
            self._random.seed(seed)
            self._env.reset()
            self._scenes[seed] = copy.copy(self._env.physics.data.ptr)
        return self._scenes[seed]
