"""The DeepMind Control Suite's bodies as robots."""

from dataclasses import dataclass

import numpy as np

from clam_robot import config
from clam_robot.errors import ConfigError
from clam_robot.specs import CameraSpec, RobotSpec
from clam_robot.timing import Clock
from sim import opengl
from sim.base import SimulatedRobot
from sim.dm_control_tasks import SUITE_STEPS, domain_and_task
from sim.world import World


@dataclass(frozen=True, kw_only=True)
class DmControlConfig(config.Strict):
    """Which body and task, and how it is driven.

    Attributes:
        task: "domain-task", as in "cheetah-run".
        action_repeat: simulator control steps per action; 2 is the protocol of TD-MPC2, whose data the paper uses.
        horizon: control periods per episode; None for the suite's 1000 steps divided by `action_repeat`.
        cameras: cameras in the observation, by name or number.
        image_height: of every camera [pixel].
        image_width: of every camera [pixel].
    """

    task: str = "cheetah-run"
    action_repeat: int = 2
    horizon: int | None = None
    cameras: tuple[str, ...] = ()
    image_height: int = 224
    image_width: int = 224

    def __post_init__(self) -> None:
        if self.action_repeat < 1 or (self.horizon is not None and self.horizon < 1):
            raise ConfigError(
                f"action_repeat and horizon must be at least 1, found {self.action_repeat} and {self.horizon}"
            )
        domain_and_task(self.task)


class DmControlRobot(SimulatedRobot):
    """A body of the suite. The state is all it observes, flattened in its order.

    The suite measures reward and knows no success: `task_status().success` is always False, and `episode_return` is
    the score (0 to 1000 over the suite's 1000 steps). The spec is read off the physics model, so asking for it loads
    the model; connecting is not needed.
    """

    def __init__(self, config: DmControlConfig, clock: Clock) -> None:
        super().__init__(clock, horizon=config.horizon or max(1, SUITE_STEPS // config.action_repeat))
        self._config = config

    @property
    def task(self) -> str:
        """The suite's "domain-task"."""
        return self._config.task

    def _describe(self) -> RobotSpec:
        opengl.select_backend()
        from sim.dm_control_spec import describe  # loads the simulator

        config = self._config
        state, action, control_step = describe(*domain_and_task(config.task))
        size = CameraSpec(height=config.image_height, width=config.image_width)
        return RobotSpec(
            name=f"dmcontrol:{config.task}",
            state=state,
            action=action,
            cameras=dict.fromkeys(config.cameras, size),
            control_hz=1.0 / (control_step * config.action_repeat),
        )

    def _open_world(self) -> World:
        from sim.dm_control_world import DmControlWorld  # loads the simulator

        return DmControlWorld(*domain_and_task(self._config.task), action_repeat=self._config.action_repeat)

    def _canonical(self, action: np.ndarray) -> np.ndarray:
        return action

    def _resting_action(self) -> np.ndarray:
        return self.spec.action.clip(np.zeros(len(self.spec.action), np.float32))
