"""Observations and rewards of the suite's planar bodies, for many copies of the physics at once.

The formulas are those of `dm_control.suite.cheetah`, `.hopper` and `.walker`; the suite's own code reads one physics
at a time, through names. Letters in shapes: N copies, S state.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from dm_control.suite import cheetah, hopper, walker
from dm_control.utils import rewards
from jaxtyping import Float32, Float64

from sim.names import require_known

_INF = float("inf")
_tolerance: Any = rewards.tolerance  # typed as if it might return a float for an array


class Readings(ABC):
    """Reads what a task observes and rewards off copies of its physics.

    Args:
        model: the `mujoco.MjModel` the copies share.
        copies: their `mujoco.MjData`.
    """

    def __init__(self, model: Any, copies: Sequence[Any]) -> None:  # noqa: ANN401
        self._model = model
        # Views into the physics: they follow it.
        self._qpos = [data.qpos[1:] for data in copies]
        self._qvel = [data.qvel for data in copies]
        self._sensors = [data.sensordata for data in copies]

    def observations(self) -> Float32[np.ndarray, "N S"]:
        """What each copy observes, in the suite's order."""
        return np.concatenate(self._observed(), axis=1).astype(np.float32)

    @abstractmethod
    def _observed(self) -> list[Float64[np.ndarray, "N _"]]:
        """The parts of the observation."""

    @abstractmethod
    def rewards(self) -> Float64[np.ndarray, "N"]:
        """Reward of the simulator step that just ended."""

    def guidance(self) -> Float64[np.ndarray, "N"]:
        """How close each copy is to being rewarded, 0 to 1, for a search that begins where every reward is zero.

        Where the suite's reward grows from anywhere, it is that.
        """
        return self.rewards()

    def _speed(self) -> Float64[np.ndarray, "N"]:
        """Forward speed of the whole body [m/s]; every planar body measures it with its first sensor."""
        return np.array(self._sensors)[:, 0]


class CheetahReadings(Readings):
    """`cheetah.Cheetah`."""

    def _observed(self) -> list[np.ndarray]:
        return [np.array(self._qpos), np.array(self._qvel)]

    def rewards(self) -> np.ndarray:
        full = cheetah._RUN_SPEED
        return _tolerance(self._speed(), bounds=(full, _INF), margin=full, value_at_margin=0, sigmoid="linear")


class HopperReadings(Readings):
    """`hopper.Hopper`."""

    is_hopping = False

    def __init__(self, model: Any, copies: Sequence[Any]) -> None:  # noqa: ANN401
        super().__init__(model, copies)
        self._torso, self._foot = model.body("torso").id, model.body("foot").id
        self._heights = [data.xipos[:, 2] for data in copies]
        self._controls = [data.ctrl for data in copies]

    def _observed(self) -> list[np.ndarray]:
        return [np.array(self._qpos), np.array(self._qvel), np.log1p(np.array(self._sensors)[:, 3:5])]

    def rewards(self) -> np.ndarray:
        standing = _tolerance(self._height(), (hopper._STAND_HEIGHT, 2))
        if self.is_hopping:
            return standing * self._hopping()
        effort = _tolerance(np.array(self._controls), margin=1, value_at_margin=0, sigmoid="quadratic").mean(axis=1)
        return standing * ((effort + 4) / 5)

    def guidance(self) -> np.ndarray:
        """Standing up counts from lying on the head on, and a little without hopping."""
        full = hopper._STAND_HEIGHT
        standing = np.clip((self._height() + full) / (2 * full), 0.0, 1.0) ** 2
        return standing * (1 + 3 * self._hopping()) / 4 if self.is_hopping else standing

    def _height(self) -> np.ndarray:
        """Torso above foot [m]."""
        heights = np.array(self._heights)
        return heights[:, self._torso] - heights[:, self._foot]

    def _hopping(self) -> np.ndarray:
        full = hopper._HOP_SPEED
        return _tolerance(self._speed(), bounds=(full, _INF), margin=full / 2, value_at_margin=0.5, sigmoid="linear")


class HoppingReadings(HopperReadings):
    """`hopper.Hopper` that is to hop."""

    is_hopping = True


class WalkerReadings(Readings):
    """`walker.PlanarWalker`."""

    full_speed = 0.0

    def __init__(self, model: Any, copies: Sequence[Any]) -> None:  # noqa: ANN401
        super().__init__(model, copies)
        self._torso = model.body("torso").id
        self._axes = [data.xmat for data in copies]
        self._torsos = [data.xpos[self._torso] for data in copies]

    def _observed(self) -> list[np.ndarray]:
        axes = np.array(self._axes)[:, 1:, [0, 2]]
        return [axes.reshape(len(axes), -1), np.array(self._torsos)[:, 2:], np.array(self._qvel)]

    def rewards(self) -> np.ndarray:
        height = walker._STAND_HEIGHT
        standing = _tolerance(np.array(self._torsos)[:, 2], bounds=(height, _INF), margin=height / 2)
        upright = (1 + np.array(self._axes)[:, self._torso, 8]) / 2
        stand = (3 * standing + upright) / 4
        if self.full_speed == 0.0:
            return stand
        full = self.full_speed
        move = _tolerance(self._speed(), bounds=(full, _INF), margin=full / 2, value_at_margin=0.5, sigmoid="linear")
        return stand * (5 * move + 1) / 6


class WalkingReadings(WalkerReadings):
    """`walker.PlanarWalker` that is to walk."""

    full_speed = float(walker._WALK_SPEED)


class RunningReadings(WalkerReadings):
    """`walker.PlanarWalker` that is to run."""

    full_speed = float(walker._RUN_SPEED)


READINGS: dict[str, Callable[[Any, Sequence[Any]], Readings]] = {
    "cheetah-run": CheetahReadings,
    "hopper-hop": HoppingReadings,
    "hopper-stand": HopperReadings,
    "walker-run": RunningReadings,
    "walker-stand": WalkerReadings,
    "walker-walk": WalkingReadings,
}


def readings_of(domain: str, task: str) -> Callable[[Any, Sequence[Any]], Readings]:
    """The readings of a task.

    Raises:
        UnknownRobot: none are written for it; names the tasks that have them.
    """
    name = f"{domain}-{task}"
    require_known(name, tuple(READINGS), what="task with batched physics")
    return READINGS[name]
