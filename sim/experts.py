"""MetaWorld's scripted experts."""

import warnings

import numpy as np

from clam_robot.errors import UnknownRobot
from clam_robot.interfaces import TaskRobot
from clam_robot.specs import RobotSpec
from clam_robot.types import ActionChunk, Observation
from sim import opengl
from sim.metaworld_tasks import task_name
from sim.scene_rng import scene_rng
from sim.steady_grasp import SteadyGrasp

# Tasks whose script stops its grasp short, and how much nearer to the hand it is told the object is [m].
GRASP_MARGIN = {"bin-picking": 0.01, "peg-insert-side": 0.005}


class ScriptedExpert:
    """Solves a MetaWorld task from the state alone, with Gaussian noise on its actions.

    The noise of an episode is drawn from the seed and the episode's first state (`scene_rng`).

    Args:
        robot: says the task and the spec; it is not kept.
        noise: standard deviation of the noise, in action units. A binary gripper gets none: it would change sides.
        seed: of the noise.
    """

    def __init__(self, robot: TaskRobot, noise: float = 0.0, seed: int = 0) -> None:
        if not robot.spec.name.startswith("metaworld:"):
            raise UnknownRobot(
                f"scripted experts exist for metaworld:TASK only, found {robot.spec.name}; use one of those"
            )
        opengl.select_backend()
        from metaworld.policies import ENV_POLICY_MAP  # loads the simulator

        self._spec = robot.spec
        task = task_name(robot.task)
        self._script = ENV_POLICY_MAP[f"{task}-v3"]()
        if task in GRASP_MARGIN:
            self._script = SteadyGrasp(self._script, margin=GRASP_MARGIN[task])
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
        if isinstance(self._script, SteadyGrasp):
            self._script.reset()

    def infer(self, observation: Observation) -> ActionChunk:
        """One action."""
        if self._rng is None:
            self._rng = scene_rng(self._seed, observation)
        with warnings.catch_warnings():
            # The scripts ask for more than the arm can do and rely on clipping.
            warnings.filterwarnings("ignore", message="Constant")
            action = self._script.get_action(observation.state.astype(np.float64))
        gripper = self._spec.gripper
        # Clipped before the noise is added: the scripts ask for several times full speed, which would swallow it.
        action = np.clip(action, self._spec.action.low, self._spec.action.high)
        noise = self._rng.normal(0.0, self._noise, len(action))
        if gripper is not None and gripper.mode == "binary":
            action[3] = 1.0 if action[3] > 0.0 else -1.0
            noise[3] = 0.0
        return ActionChunk(
            actions=self._spec.action.clip(action + noise, what="scripted action")[np.newaxis],
            observation_time=observation.time,
            dt=1.0 / self._spec.control_hz,
        )
