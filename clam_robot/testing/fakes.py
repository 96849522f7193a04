"""A robot and policies small enough to reason about exactly."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float32

from clam_robot.errors import NotConnected
from clam_robot.specs import CameraSpec, RobotSpec, VectorSpec
from clam_robot.timing import Clock
from clam_robot.types import ActionChunk, EpisodeOutcome, EpisodeStart, Observation, Step, TaskStatus


def fake_spec(cameras: dict[str, CameraSpec] | None = None, control_hz: float = 10.0) -> RobotSpec:
    """A hand in space that follows velocity commands towards a goal."""
    names = ("hand_x", "hand_y", "hand_z", "goal_x", "goal_y", "goal_z")
    return RobotSpec(
        name="fake:reach",
        state=VectorSpec(names=names, units=("m",) * 6, low=(-10.0,) * 6, high=(10.0,) * 6),
        action=VectorSpec(names=("vx", "vy", "vz"), units=("m/s",) * 3, low=(-1.0,) * 3, high=(1.0,) * 3),
        cameras=cameras or {},
        control_hz=control_hz,
    )


class FakeRobot:
    """Integrates velocity commands exactly; success is being within `tolerance` [m] of the goal.

    Attributes:
        sent: every action executed since construction.
        num_holds: how often hold() was called.
    """

    def __init__(
        self, clock: Clock, spec: RobotSpec | None = None, *, horizon: int = 50, tolerance: float = 0.05
    ) -> None:
        self._spec = spec or fake_spec()
        self._clock = clock
        self._horizon = horizon
        self._tolerance = tolerance
        self._is_connected = False
        self._state: np.ndarray | None = None
        self._num_steps = 0
        self._return = 0.0
        self.sent: list[np.ndarray] = []
        self.num_holds = 0

    @property
    def spec(self) -> RobotSpec:
        return self._spec

    @property
    def task(self) -> str:
        return "reach the goal"

    def connect(self) -> None:
        self._is_connected = True

    def disconnect(self) -> None:
        self._is_connected = False
        self._state = None

    def reset(self, seed: int | None = None) -> None:
        if not self._is_connected:
            raise NotConnected("fake robot: call connect() before reset()")
        rng = np.random.default_rng(seed)
        self._state = np.concatenate([np.zeros(3), rng.uniform(-0.5, 0.5, 3)]).astype(np.float32)
        self._num_steps = 0
        self._return = 0.0

    def get_observation(self) -> Observation:
        now = self._clock.now()
        images = {name: np.full(camera.shape, self._num_steps, np.uint8) for name, camera in self.spec.cameras.items()}
        return Observation(
            time=now, state=self._live_state().copy(), images=images, image_times=dict.fromkeys(images, now)
        )

    def send_action(self, action: Float32[np.ndarray, "A"]) -> Float32[np.ndarray, "A"]:
        state = self._live_state()
        sent = self.spec.action.clip(action, what="action")
        state[:3] += sent / np.float32(self.spec.control_hz)
        self._advance()
        self.sent.append(sent)
        return sent

    def hold(self) -> None:
        self._live_state()
        self._advance()
        self.num_holds += 1

    def task_status(self) -> TaskStatus:
        return TaskStatus(
            success=self._distance() < self._tolerance,
            episode_return=self._return,
            num_steps=self._num_steps,
            is_over=self._num_steps >= self._horizon,
        )

    def _live_state(self) -> np.ndarray:
        if self._state is None:
            raise NotConnected("fake robot: call connect() and reset() first")
        return self._state

    def _distance(self) -> float:
        state = self._live_state()
        return float(np.linalg.norm(state[:3] - state[3:]))

    def _advance(self) -> None:
        self._num_steps += 1
        self._return -= self._distance()


class FakePolicy:
    """Calls a function of the observation's state; steers to the goal unless told otherwise."""

    def __init__(
        self,
        spec: RobotSpec | None = None,
        act: Callable[[np.ndarray], np.ndarray] | None = None,
        *,
        horizon: int = 1,
    ) -> None:
        self._spec = spec or fake_spec()
        self._act = act or (lambda state: np.clip(5.0 * (state[3:6] - state[:3]), -1.0, 1.0))
        self._horizon = horizon
        self.num_resets = 0

    @property
    def spec(self) -> RobotSpec:
        return self._spec

    def reset(self) -> None:
        self.num_resets += 1

    def infer(self, observation: Observation) -> ActionChunk:
        action = np.asarray(self._act(observation.state), np.float32)
        return ActionChunk(
            actions=np.tile(action, (self._horizon, 1)),
            observation_time=observation.time,
            dt=1.0 / self._spec.control_hz,
        )


class FakeSubscriber:
    """Keeps everything it is told."""

    def __init__(self) -> None:
        self.starts: list[EpisodeStart] = []
        self.steps: list[Step] = []
        self.outcomes: list[EpisodeOutcome] = []

    def on_episode_start(self, start: EpisodeStart) -> None:
        self.starts.append(start)

    def on_step(self, step: Step) -> None:
        self.steps.append(step)

    def on_episode_end(self, outcome: EpisodeOutcome) -> None:
        self.outcomes.append(outcome)
