"""The arm among what it must not touch: its own links, the table, and boxes that stand on it."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import mujoco
import numpy as np
from jaxtyping import Float64

from clam_robot import config
from clam_robot.hardware.arm_model import BASE_BODY, TOOL_SITE, arm_spec
from clam_robot.hardware.proximity import Found, Proximity
from clam_robot.hardware.wx250s import FINGER_OPEN, NUM_JOINTS

# MuJoCo's compiled half has no type information.
_MJ: Any = mujoco

NUM_ARM = NUM_JOINTS
TABLE = "table"


@dataclass(frozen=True, kw_only=True)
class Box(config.Strict):
    """Something that stands still, as a box parallel to the base frame.

    Attributes:
        name: for messages.
        center: [m].
        size: whole edges along x, y, z [m].
    """

    name: str
    center: tuple[float, float, float]
    size: tuple[float, float, float]


# What the upper arm leans on behind the base in the sleep pose.
REST = Box(name="rest", center=(-0.16, 0.0, 0.0275), size=(0.024, 0.072, 0.055))


@dataclass(frozen=True, kw_only=True)
class WorkspaceConfig(config.Strict):
    """Where the arm may be.

    Attributes:
        low: smallest x, y, z of the tool [m].
        high: largest [m].
        table_height: top of the table below or above the base frame [m].
        clearance: distance that links keep from the table, boxes and one another [m].
        finger_clearance: distance that the fingers keep from the table [m]; they have to grasp what lies on it.
        boxes: what stands still.
        rest: what the arm leans on when it sleeps, None where it leans on nothing; nobody but who puts it to sleep
            comes near.
    """

    low: tuple[float, float, float] = (0.10, -0.35, 0.015)
    high: tuple[float, float, float] = (0.50, 0.35, 0.45)
    table_height: float = 0.0
    clearance: float = 0.01
    finger_clearance: float = 0.006
    boxes: tuple[Box, ...] = ()
    rest: Box | None = REST


@dataclass(frozen=True, kw_only=True)
class Nearness:
    """Two things that are too near each other.

    Attributes:
        first: name of a geom or its body.
        second: of the other.
        distance: between them, negative inside one another [m].
    """

    first: str
    second: str
    distance: float

    def __str__(self) -> str:
        return f"{self.first} to {self.second} {1000 * self.distance:.0f} mm"


class Workspace:
    """Answers whether joint positions are clear of everything.

    Attributes:
        model: the `mujoco.MjModel` of arm, table and boxes.
    """

    def __init__(self, config: WorkspaceConfig) -> None:
        self.config = config
        spec = arm_spec()
        reach = 1.0
        table = spec.worldbody.add_geom(name=TABLE, type=_MJ.mjtGeom.mjGEOM_BOX)
        table.size, table.pos = (reach, reach, 0.05), (0.0, 0.0, config.table_height - 0.05)
        for box in (*config.boxes, *([] if config.rest is None else [config.rest])):
            geom = spec.worldbody.add_geom(name=box.name, type=_MJ.mjtGeom.mjGEOM_BOX)
            geom.size, geom.pos = tuple(0.5 * edge for edge in box.size), box.center
        self.model: Any = spec.compile()
        self._data: Any = _MJ.MjData(self.model)
        self._tool = self.model.site(TOOL_SITE).id
        self._base = self.model.body(BASE_BODY).id
        self._is_finger = np.array(
            [self.model.body(body).name.endswith("finger_link") for body in self.model.geom_bodyid]
        )
        is_fixed = np.isin(self.model.geom_bodyid, (0, self._base))
        is_pair = self._is_finger[:, None] & is_fixed[None, :]
        least = np.where(is_pair | is_pair.T, config.finger_clearance, config.clearance)
        self._proximity = Proximity(self.model, self.model.geom(TABLE).id, least)

    def place(self, position: Float64[np.ndarray, "6"]) -> None:
        """Put the arm's model at joint positions [rad], its fingers open, which is where they need most room."""
        self._data.qpos[:NUM_ARM] = position
        self._data.qpos[NUM_ARM:] = (FINGER_OPEN, -FINGER_OPEN)
        _MJ.mj_kinematics(self.model, self._data)

    def tool_position(self, position: Float64[np.ndarray, "6"]) -> Float64[np.ndarray, "3"]:
        """Of the tool frame's origin in the base frame [m]."""
        self.place(position)
        return self._data.site_xpos[self._tool].copy()

    def gravity(self, position: Float64[np.ndarray, "6"]) -> Float64[np.ndarray, "6"]:
        """Torque that holds the joints still at these positions [Nm]."""
        self.place(position)
        _MJ.mj_comPos(self.model, self._data)
        torque = np.zeros(self.model.nv)
        _MJ.mj_rne(self.model, self._data, 0, torque)
        return torque[:NUM_ARM]

    def nearness(self, position: Float64[np.ndarray, "6"], *, share: float = 1.0) -> list[Nearness]:
        """What is too near at these joint positions [rad], nearest first; empty where all is clear.

        Args:
            position: of the joints [rad].
            share: of the clearance that is kept.
        """
        return self.nearness_along(position[None], share=share)[0]

    def nearness_along(self, positions: Float64[np.ndarray, "places 6"], *, share: float = 1.0) -> list[list[Nearness]]:
        """The same for each of some joint positions [rad]."""
        places = [partial(self.place, position) for position in positions]
        return [self._named(found) for found in self._proximity.within(self._data, places, share)]

    def _named(self, found: list[Found]) -> list[Nearness]:
        near = [
            Nearness(first=self._name(first), second=self._name(second), distance=distance)
            for first, second, distance in found
            if not (self._is_finger[first] and self._is_finger[second])  # fingers are made to meet
        ]
        return sorted(near, key=lambda each: each.distance)

    def _name(self, geom: int) -> str:
        name: str = self.model.geom(geom).name
        return name or str(self.model.body(self.model.geom_bodyid[geom]).name)
