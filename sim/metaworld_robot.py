"""MetaWorld's Sawyer arm as a robot."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from clam_robot import config
from clam_robot.errors import ConfigError
from clam_robot.specs import CameraSpec, GripperSpec, RobotSpec, VectorSpec
from clam_robot.timing import Clock
from sim.base import SimulatedRobot
from sim.metaworld_tasks import CAMERAS, task_name
from sim.names import require_known
from sim.world import World

SIMULATOR_HZ = 80.0
OPEN, CLOSE = -1.0, 1.0

_HAND_LOW = (-0.525, 0.348, -0.0525)
_HAND_HIGH = (0.525, 1.025, 0.7)
_INF = float("inf")


def _frame(prefix: str) -> VectorSpec:
    """Hand, gripper and two objects (zeros where the scene has one): half of what MetaWorld observes."""
    entries = [(f"hand_{axis}", "m", _HAND_LOW[i], _HAND_HIGH[i]) for i, axis in enumerate("xyz")]
    entries.append(("gripper_opening", "1", 0.0, 1.0))
    for thing in ("object", "object2"):
        entries += [(f"{thing}_{axis}", "m", -_INF, _INF) for axis in "xyz"]
        # Some scenes give the quaternion as wxyz and some as xyzw, hence numbers.
        entries += [(f"{thing}_quaternion{i}", "1", -_INF, _INF) for i in range(4)]
    names, units, low, high = zip(*entries, strict=True)
    return VectorSpec(names=tuple(prefix + name for name in names), units=units, low=low, high=high)


def _state() -> VectorSpec:
    now, before = _frame(""), _frame("prev_")
    return VectorSpec(
        names=now.names + before.names + ("goal_x", "goal_y", "goal_z"),
        units=now.units + before.units + ("m",) * 3,
        low=now.low + before.low + (-_INF,) * 3,
        high=now.high + before.high + (_INF,) * 3,
    )


STATE = _state()
ACTION = VectorSpec(names=("dx", "dy", "dz", "gripper"), units=("1",) * 4, low=(-1.0,) * 4, high=(1.0,) * 4)


@dataclass(frozen=True, kw_only=True)
class MetaWorldConfig(config.Strict):
    """Which scene, and how it is driven.

    Attributes:
        task: one of the 50 v3 tasks, with or without "-v3".
        gripper: "binary": above 0 closes with an effort of .6, anything else opens; "continuous": the effort itself.
        action_repeat: simulator steps of 12.5 ms per action.
        horizon: control periods per episode.
        cameras: cameras in the observation.
        image_height: of every camera [pixel].
        image_width: of every camera [pixel].
    """

    task: str = "assembly"
    gripper: Literal["binary", "continuous"] = "binary"
    action_repeat: int = 2
    horizon: int = 100
    cameras: tuple[str, ...] = ()
    image_height: int = 224
    image_width: int = 224

    def __post_init__(self) -> None:
        for name in ("action_repeat", "horizon"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, found {getattr(self, name)}")
        task_name(self.task)
        for camera in self.cameras:
            require_known(camera, CAMERAS, what="MetaWorld camera")


class MetaWorldRobot(SimulatedRobot):
    """Sawyer at a table. The state is MetaWorld's 39 numbers, goal included.

    `dx`, `dy`, `dz` move the hand's set-point: 1 is 1 cm per simulator step, so 2 cm per control period when actions
    are repeated twice. In binary mode an executed `gripper` is +1 (closes) or -1 (opens). The `prev_` entries are one
    simulator step old, not one control period.
    """

    def __init__(self, config: MetaWorldConfig, clock: Clock) -> None:
        super().__init__(clock, horizon=config.horizon)
        self._config = config
        self._task = task_name(config.task)
        self._gripper = OPEN

    @property
    def task(self) -> str:
        """MetaWorld's name for it, without the version."""
        return self._task

    def reset(self, seed: int | None = None) -> None:
        """Set up the scene of `seed` with the gripper open."""
        super().reset(seed)
        self._gripper = OPEN

    def _describe(self) -> RobotSpec:
        config = self._config
        size = CameraSpec(height=config.image_height, width=config.image_width)
        return RobotSpec(
            name=f"metaworld:{self._task}",
            state=STATE,
            action=ACTION,
            cameras=dict.fromkeys(config.cameras, size),
            control_hz=SIMULATOR_HZ / config.action_repeat,
            gripper=GripperSpec(action="gripper", mode=config.gripper, closes="above"),
        )

    def _open_world(self) -> World:
        from sim.metaworld_world import MetaWorldWorld  # loads the simulator

        config = self._config
        return MetaWorldWorld(
            self._task, gripper=config.gripper, action_repeat=config.action_repeat, horizon=config.horizon
        )

    def _canonical(self, action: np.ndarray) -> np.ndarray:
        if self._config.gripper == "binary":
            action[3] = CLOSE if action[3] > 0 else OPEN
        self._gripper = float(action[3])
        return action

    def _resting_action(self) -> np.ndarray:
        return np.array([0.0, 0.0, 0.0, self._gripper], np.float32)
