"""What all simulated robots share: connection, step counting, clock stamps and cameras."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float32, UInt8

from clam_robot.errors import NotConnected, RobotError, SimulationDiverged
from clam_robot.specs import RobotSpec
from clam_robot.timing import Clock
from clam_robot.types import Observation, TaskStatus
from sim import opengl
from sim.world import Judgement, World

if TYPE_CHECKING:
    from sim.camera import Camera


class SimulatedRobot(ABC):
    """A `TaskRobot` around a `World`.

    It never touches the clock: an observation is stamped with the clock's time, and whoever paces the loop moves the
    clock. Success and return stand in `task_status()`, never in the observation.
    """

    def __init__(self, clock: Clock, *, horizon: int) -> None:
        self._clock = clock
        self._horizon = horizon
        self._spec: RobotSpec | None = None
        self._world: World | None = None
        self._camera: Camera | None = None
        self._status: TaskStatus | None = None
        self._entropy = np.random.default_rng()

    @property
    def spec(self) -> RobotSpec:
        """What the robot measures and accepts."""
        if self._spec is None:
            self._spec = self._describe()
        return self._spec

    @property
    @abstractmethod
    def task(self) -> str:
        """Name of the task."""

    @abstractmethod
    def _describe(self) -> RobotSpec:
        """The spec; asked for once."""

    @abstractmethod
    def _open_world(self) -> World:
        """Build the physics."""

    @abstractmethod
    def _canonical(self, action: np.ndarray) -> np.ndarray:
        """The action that is really executed for one within bounds."""

    @abstractmethod
    def _resting_action(self) -> np.ndarray:
        """The action that keeps the robot where it is."""

    def connect(self) -> None:
        """Build the physics.

        Raises:
            UnknownRobot: the scene lacks a configured camera; lists those it has.
        """
        if self._world is not None:
            return
        opengl.select_backend()
        from sim.camera import Camera  # after the choice of OpenGL, which importing mujoco fixes

        world = self._open_world()
        camera = Camera(world)
        for name in self.spec.cameras:
            camera.index(name)
        self._world, self._camera = world, camera

    def disconnect(self) -> None:
        """Drop the physics and free drawing surfaces."""
        if self._camera is not None:
            self._camera.close()
        self._world = self._camera = self._status = None

    def reset(self, seed: int | None = None) -> None:
        """Set up the scene of `seed`, or a random one, bit-equal for equal seeds."""
        if self._world is None:
            raise NotConnected(f"{self.spec.name}: call connect() before reset()")
        self._world.reset(int(self._entropy.integers(2**31)) if seed is None else seed)
        self._status = TaskStatus(success=False, episode_return=0.0, num_steps=0, is_over=False)

    def get_observation(self) -> Observation:
        """State and pictures of this moment, stamped with the clock's time."""
        world, _ = self._live()
        now = self._clock.now()
        images = {name: self.render(name, size.height, size.width) for name, size in self.spec.cameras.items()}
        return Observation(time=now, state=world.state(), images=images, image_times=dict.fromkeys(images, now))

    def send_action(self, action: Float32[np.ndarray, "A"]) -> Float32[np.ndarray, "A"]:
        """Simulate one control period of the nearest action within bounds, and return that action.

        Raises:
            RobotError: the episode is over; reset() begins another.
            SimulationDiverged: the physics left the finite numbers.
        """
        _, status = self._live()
        if status.is_over:
            raise RobotError(
                f"{self.spec.name}: the episode is over after {status.num_steps} steps; call reset() to begin another"
            )
        sent = self._canonical(self.spec.action.clip(action, what="action"))
        self._advance(sent)
        return sent

    def hold(self) -> None:
        """Simulate one control period at rest; it counts as a step. Does nothing once the episode is over."""
        _, status = self._live()
        if not status.is_over:
            self._advance(self._resting_action())

    def task_status(self) -> TaskStatus:
        """Success after the last step (False before the first) and return so far."""
        return self._live()[1]

    def render(self, camera: str, height: int, width: int) -> UInt8[np.ndarray, "height width 3"]:
        """A picture from any camera of the scene, for videos and reports.

        Raises:
            UnknownRobot: no such camera; lists those there are.
            MissingDependency: this machine cannot draw; names the packages.
        """
        self._live()
        assert self._camera is not None
        return self._camera.picture(camera, height, width)

    def _live(self) -> tuple[World, TaskStatus]:
        if self._world is None or self._status is None:
            raise NotConnected(f"{self.spec.name}: call connect() and reset() first")
        return self._world, self._status

    def _advance(self, action: np.ndarray) -> None:
        world, _ = self._live()
        self._count(world.step(action))

    def _count(self, judgement: Judgement) -> None:
        """Add a period that has passed to the status."""
        world, status = self._live()
        num_steps = status.num_steps + 1
        self._status = TaskStatus(
            success=judgement.success,
            episode_return=status.episode_return + judgement.reward,
            num_steps=num_steps,
            is_over=judgement.is_over or num_steps >= self._horizon,
        )
        if not np.isfinite(world.state()).all():
            raise SimulationDiverged(f"{self.spec.name}: the state left the finite numbers at step {num_steps}")
