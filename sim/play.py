"""Purposeful motion that is not the task: reaching, pushing, grasping, carrying, letting go.

It learns nothing and knows only where hand, object and goal are, by the names of the state's points, so it plays with
any robot that has them. Actions are those of a proportional controller towards one `Leg` after another.
"""

from collections.abc import Callable

import numpy as np

from clam_robot.errors import SpecMismatch
from clam_robot.specs import RobotSpec
from clam_robot.types import ActionChunk, Observation
from sim.primitives import Leg, Legs, Scene, primitives
from sim.scene_rng import scene_rng

MOTION = ("dx", "dy", "dz")
POINTS = ("hand", "object", "goal")
# Share of steps in which a reversal of the gripper begins, and how many steps it lasts. They show what quick opening
# and closing looks like, which deliberate grasps do not; three times as many make play drop what it holds.
REVERSAL_RATE = 0.01
REVERSAL_STEPS = (1, 4)
# A hand that moves less in a control period stands still [m].
STILL = 0.0015


class PlayPolicy:
    """Plays with the object of a scene until it is stopped.

    An episode is drawn from the seed and its first state (`scene_rng`). It may solve the task by chance; who wants
    none of that discards the episodes whose `TaskStatus.success` was ever true.

    Args:
        spec: a robot whose state has the points hand, object and goal, and whose action has dx, dy, dz and a gripper.
        seed: of everything drawn.
        legs: what it does; the primitives of play by default.
        reversal_rate: share of steps in which a reversal of the gripper begins.

    Raises:
        SpecMismatch: the robot lacks one of them; names it.
    """

    def __init__(
        self,
        spec: RobotSpec,
        seed: int = 0,
        *,
        legs: Callable[[Scene, np.random.Generator], Legs] = primitives,
        reversal_rate: float = REVERSAL_RATE,
    ) -> None:
        lacking = [point for point in POINTS if point not in spec.state.points]
        lacking += [name for name in MOTION if name not in spec.action.names]
        if spec.gripper is None:
            lacking.append("gripper")
        if lacking or spec.gripper is None:
            raise SpecMismatch(
                f"play with {spec.name} needs {', '.join(lacking)} in its spec; "
                "use a robot with a hand, an object and a gripper, such as metaworld:assembly",
                tuple(lacking),
            )
        self._spec = spec
        self._seed = seed
        self._points = {point: spec.state.points[point] for point in POINTS}
        self._others = {name: where for name, where in spec.state.points.items() if name not in POINTS}
        self._begin, self._reversal_rate = legs, reversal_rate
        self._motion = [spec.action.index(name) for name in MOTION]
        self._full_speed = spec.action.high_array[self._motion]
        self._gripper = spec.action.index(spec.gripper.action)
        high, low = spec.action.high[self._gripper], spec.action.low[self._gripper]
        self._closed, self._open = (high, low) if spec.gripper.closes == "above" else (low, high)
        self._rng = np.random.default_rng(seed)
        self._legs: Legs | None = None
        self._leg: Leg | None = None
        self._hand = np.zeros(3)
        self._num_steps = 0
        self._num_still = 0
        self._num_reversed = 0

    @property
    def spec(self) -> RobotSpec:
        """The robot it acts for."""
        return self._spec

    def reset(self) -> None:
        """Forget the episode; the next observation begins another."""
        self._legs = self._leg = None

    def infer(self, observation: Observation) -> ActionChunk:
        """One action."""
        state = observation.state.astype(np.float64)
        others = {name: state[where] for name, where in self._others.items()}
        scene = Scene(**{point: state[where] for point, where in self._points.items()}, others=others)
        if self._legs is None or self._leg is None:
            self._rng = scene_rng(self._seed, observation)
            self._legs = self._begin(scene, self._rng)
            self._leg = next(self._legs)
            self._num_steps = self._num_still = self._num_reversed = 0
        else:
            is_still = float(np.linalg.norm(scene.hand - self._hand)) < STILL
            self._num_still = self._num_still + 1 if is_still else 0
            if self._leg.is_over(scene, num_steps=self._num_steps, num_still=self._num_still):
                self._leg = self._legs.send(scene)
                self._num_steps = self._num_still = 0
        self._num_steps += 1
        self._hand = scene.hand
        return ActionChunk(
            actions=self._action(self._leg, scene)[np.newaxis],
            observation_time=observation.time,
            dt=1.0 / self._spec.control_hz,
        )

    def _action(self, leg: Leg, scene: Scene) -> np.ndarray:
        share_of_full_speed = leg.gain * (leg.target(scene) - scene.hand) + self._rng.normal(0.0, leg.noise, 3)
        action = np.zeros(len(self._spec.action), np.float32)
        action[self._motion] = share_of_full_speed * self._full_speed
        action[self._gripper] = self._closed if leg.is_closed != self._is_reversed() else self._open
        return self._spec.action.clip(action, what="play action")

    def _is_reversed(self) -> bool:
        if self._num_reversed == 0 and self._rng.random() < self._reversal_rate:
            self._num_reversed = int(self._rng.integers(*REVERSAL_STEPS))
        is_reversed = self._num_reversed > 0
        self._num_reversed -= is_reversed
        return is_reversed
