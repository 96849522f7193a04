"""The WidowX on its table as a robot in this process."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float32

from clam_robot import config
from clam_robot.errors import ConfigError
from clam_robot.hardware.widowx import WidowXConfig
from clam_robot.hardware.widowx_spec import widowx_spec
from clam_robot.specs import CameraSpec, RobotSpec
from clam_robot.timing import Clock
from sim.base import SimulatedRobot
from sim.names import require_known
from sim.widowx_tasks import CAMERAS, task_points
from sim.world import World

if TYPE_CHECKING:
    from sim.widowx.widowx_world import WidowXWorld

NAME = "widowx-twin"


@dataclass(frozen=True, kw_only=True)
class WidowXTwinConfig(config.Strict):
    """Which scene, and how it is driven.

    Attributes:
        task: on the table.
        arm: as the real arm is driven.
        horizon: control periods per episode.
        delay: set-points that go by from a state to the moment its action takes hold. Over a bus it is one to two: a
            state is 5 ms old, an action takes 10 ms, and the next set-point is up to 20 ms away.
        cameras: cameras in the observation.
        image_height: of every camera [pixel].
        image_width: of every camera [pixel].
    """

    task: str = "reach-block"
    arm: WidowXConfig = field(default_factory=WidowXConfig)
    horizon: int = 100
    delay: int = 1
    cameras: tuple[str, ...] = ()
    image_height: int = 224
    image_width: int = 224

    def __post_init__(self) -> None:
        if self.horizon < 1:
            raise ConfigError(f"horizon must be at least 1, found {self.horizon}")
        if not 0 <= self.delay < self.arm.arm.stream.hz / self.arm.action.hz:
            raise ConfigError(
                f"delay: expected fewer set-points than there are in a control period, found {self.delay}"
            )
        task_points(self.task)
        for camera in self.cameras:
            require_known(camera, CAMERAS, what="camera on the WidowX's table")


class WidowXTwin(SimulatedRobot):
    """The arm, its controller, its servos and the physics, in lock step and without threads: repeats bit by bit."""

    def __init__(self, setup: WidowXTwinConfig, clock: Clock) -> None:
        super().__init__(clock, horizon=setup.horizon)
        self._setup = setup

    @property
    def task(self) -> str:
        """What is to be done."""
        return self._setup.task

    def send_action(self, action: Float32[np.ndarray, "A"]) -> Float32[np.ndarray, "A"]:
        """One control period towards an action; returns what the arm's rules and kinematics made of it."""
        super().send_action(action)
        return self._widowx().executed.copy()

    def hold(self) -> None:
        """One control period in which the arm comes to rest."""
        if not self.task_status().is_over:
            self._count(self._widowx().hold())

    def _describe(self) -> RobotSpec:
        setup = self._setup
        size = CameraSpec(height=setup.image_height, width=setup.image_width)
        return widowx_spec(
            setup.arm.action,
            name=f"{NAME}:{setup.task}",
            points=task_points(setup.task),
            cameras=dict.fromkeys(setup.cameras, size),
        )

    def _open_world(self) -> World:
        from sim.widowx.tasks import make_task  # loads the simulator
        from sim.widowx.widowx_world import WidowXWorld

        return WidowXWorld(make_task(self._setup.task), self._setup.arm, delay=self._setup.delay)

    def _widowx(self) -> "WidowXWorld":
        from sim.widowx.widowx_world import WidowXWorld

        world, _ = self._live()
        assert isinstance(world, WidowXWorld)
        return world

    def _canonical(self, action: np.ndarray) -> np.ndarray:
        if self._setup.arm.action.gripper == "binary":
            action[-1] = 1.0 if action[-1] > 0.5 else 0.0
        return action

    def _resting_action(self) -> np.ndarray:
        return np.append(np.zeros(6, np.float32), self._widowx().executed[-1])
